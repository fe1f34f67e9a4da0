import {
  type Declared,
  extension,
  grants,
  partitioned,
  sqlFunction,
  sqlIndex,
  trigger,
} from '../kit/declare.ts'
import { countedSource, materializedView } from '../kit/materialized.ts'
import { sqlFiles } from '../kit/sql-files.ts'

const body = sqlFiles(import.meta.dirname)

const readWrite = ['select', 'insert', 'update']

export const spaceDeclared: Declared[] = [
  extension('pg_trgm'),
  partitioned({ table: 'space.iss_fetch_log', by: 'range (ts)' }),
  grants({ on: 'schema space', to: 'lockstep_app', privileges: ['usage'] }),
  grants({ on: 'table space.iss_fetch_log', to: 'lockstep_app', privileges: ['select', 'insert'] }),
  grants({ on: 'table space.elements', to: 'lockstep_app', privileges: ['select', 'insert'] }),
  grants({ on: 'table space.osdr_items', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table space.osdr_changes', to: 'lockstep_app', privileges: ['select', 'insert'] }),
  grants({ on: 'table space.apod', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table space.neo_approaches', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table space.donki_events', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table space.donki_revisions', to: 'lockstep_app', privileges: ['select', 'insert'] }),
  grants({ on: 'table space.upstream_state', to: 'lockstep_app', privileges: readWrite }),
  grants({ on: 'table space.upstream_answers', to: 'lockstep_app', privileges: [...readWrite, 'delete'] }),
  sqlFunction({
    name: 'space.keep_log_month(timestamptz)',
    create: body('keep_log_month'),
    executeBy: 'lockstep_app',
  }),
  sqlFunction({
    name: 'space.drop_log_months(timestamptz)',
    create: body('drop_log_months'),
    executeBy: 'lockstep_app',
  }),
  sqlFunction({ name: 'space.record_dataset_changes()', create: body('record_dataset_changes') }),
  sqlFunction({ name: 'space.record_new_datasets()', create: body('record_new_datasets') }),
  trigger({
    name: 'record_changes',
    table: 'space.osdr_items',
    fires: 'after update',
    referencing: 'old table as before_rows new table as after_rows',
    forEach: 'statement',
    execute: 'space.record_dataset_changes()',
  }),
  trigger({
    name: 'record_new',
    table: 'space.osdr_items',
    fires: 'after insert',
    referencing: 'new table as after_rows',
    forEach: 'statement',
    execute: 'space.record_new_datasets()',
  }),
  sqlFunction({
    name: 'space.haversine_km(double precision, double precision, double precision, double precision)',
    create: body('haversine_km'),
  }),
  ...countedSource('space.iss_fetch_log'),
  ...countedSource('space.osdr_items'),
  ...countedSource('space.osdr_changes'),
  // The mean of longitudes is a direction, not an arithmetic mean: 179° and -179° are 180° on average. Null where the
  // directions cancel.
  materializedView({
    name: 'space.mv_iss_stats_hourly',
    unique: ['hour'],
    readBy: 'lockstep_app',
    serves: 'GET /v1/space/iss/stats/hourly',
    query: `
with hours as (
  select
    date_trunc('hour', ts, 'UTC') as hour,
    count(*)::integer as position_count,
    count(*) filter (where computed)::integer as computed_count,
    avg(latitude) as avg_latitude,
    avg(sin(radians(longitude))) as east,
    avg(cos(radians(longitude))) as north,
    avg(altitude_km) as avg_altitude,
    min(altitude_km) as min_altitude,
    max(altitude_km) as max_altitude,
    stddev_samp(altitude_km) as altitude_stddev,
    avg(velocity_kmh) as avg_velocity
  from space.iss_fetch_log
  where norad_id = 25544
  group by 1
)
select
  hour,
  position_count,
  computed_count,
  avg_latitude,
  case when sqrt(east ^ 2 + north ^ 2) > 1e-6 then degrees(atan2(east, north)) end as avg_longitude,
  avg_altitude,
  min_altitude,
  max_altitude,
  altitude_stddev,
  avg_velocity
from hours`,
  }),
  // An aggregate cannot hold a window function: the steps come first. A step belongs to the day it ends in, so that
  // none is lost at midnight; a long gap is bridged by a great circle, too short, and the view tells how long it was.
  materializedView({
    name: 'space.mv_iss_stats_daily',
    unique: ['day'],
    readBy: 'lockstep_app',
    serves: 'GET /v1/space/iss/stats/daily',
    query: `
with steps as (
  select
    ts,
    altitude_km,
    latitude,
    longitude,
    lag(latitude) over in_time as latitude_before,
    lag(longitude) over in_time as longitude_before,
    lag(ts) over in_time as ts_before
  from space.iss_fetch_log
  where norad_id = 25544
  window in_time as (order by ts)
)
select
  (ts at time zone 'UTC')::date as day,
  count(*)::integer as total_positions,
  avg(altitude_km) as avg_altitude,
  coalesce(sum(space.haversine_km(latitude_before, longitude_before, latitude, longitude)), 0) as approx_distance_km,
  coalesce(max(extract(epoch from ts - ts_before)), 0)::integer as longest_gap_seconds,
  min(ts) as first_fetch,
  max(ts) as last_fetch
from steps
group by 1`,
  }),
  // The date line is one meridian: 180° never stands in the log, so the buckets run from -180 to 175.
  materializedView({
    name: 'space.mv_iss_coverage_map',
    unique: ['lat_bucket', 'lon_bucket'],
    readBy: 'lockstep_app',
    serves: 'GET /v1/space/iss/coverage',
    query: `
select
  (floor(latitude / 5) * 5)::integer as lat_bucket,
  (floor(longitude / 5) * 5)::integer as lon_bucket,
  count(*)::integer as observation_count,
  avg(altitude_km) as avg_altitude
from space.iss_fetch_log
where norad_id = 25544
group by 1, 2`,
  }),
  // "Recent" freezes when it is counted, so the moment is part of the row; core.refresh_view is told to count anew
  // after a day even if nothing was written. last_sync_time is of the last sync that brought something.
  materializedView({
    name: 'space.mv_osdr_stats',
    unique: ['counted_at'],
    readBy: 'lockstep_app',
    serves: 'GET /v1/space/osdr/stats',
    query: `
select
  count(*)::integer as total_datasets,
  min(release_date) as oldest_dataset,
  max(release_date) as newest_dataset,
  count(*) filter (where release_date > (now() at time zone 'UTC')::date - 30)::integer as recent_30d,
  count(*) filter (where release_date > (now() at time zone 'UTC')::date - 365)::integer as recent_1y,
  now() as counted_at,
  max(updated_at) as last_sync_time
from space.osdr_items`,
  }),
  materializedView({
    name: 'space.mv_osdr_by_year',
    unique: ['year'],
    readBy: 'lockstep_app',
    serves: 'GET /v1/space/osdr/by-year',
    query: `
select
  extract(year from release_date)::integer as year,
  count(*)::integer as dataset_count,
  count(description)::integer as datasets_with_description
from space.osdr_items
where release_date is not null
group by 1`,
  }),
  // The window of 24 hours is applied by the reader: inside a view it would stand still. A fix comes every minute, so
  // the newest hundred of all would be fixes alone: both sources fill the hundred by turns.
  materializedView({
    name: 'space.mv_recent_activity',
    unique: ['activity_id'],
    readBy: 'lockstep_app',
    serves: 'GET /v1/space/activity',
    query: `
with activity as (
  (
    select
      'iss:' || id as activity_id,
      'iss_position' as activity_type,
      format('%s, %s by %s', round(latitude::numeric, 2), round(longitude::numeric, 2), source) as details,
      fetched_at as activity_time,
      row_number() over (order by ts desc) as place
    from space.iss_fetch_log
    where norad_id = 25544
    order by ts desc
    limit 100
  )
  union all
  (
    select
      'osdr:' || id,
      case field when 'dataset' then 'osdr_added' else 'osdr_changed' end,
      dataset_id || case field when 'dataset' then ': ' || (new #>> '{}') else ': ' || field end,
      seen_at,
      row_number() over (order by id desc)
    from space.osdr_changes
    order by id desc
    limit 100
  )
)
select activity_id, activity_type, details, activity_time
from activity
order by place, activity_time desc
limit 100`,
  }),
  refreshing('iss', ['mv_iss_stats_hourly', 'mv_iss_stats_daily', 'mv_iss_coverage_map']),
  refreshing('osdr', ['mv_osdr_stats', 'mv_osdr_by_year']),
  refreshing('activity', ['mv_recent_activity']),
  sqlFunction({
    name: 'space.refresh_all_materialized_views()',
    create: body('refresh_all_materialized_views'),
  }),
  sqlFunction({ name: 'space.get_views_refresh_status()', create: body('get_views_refresh_status') }),
  sqlIndex({
    name: 'idx_osdr_items_search',
    table: 'space.osdr_items',
    using: 'gin',
    columns: ['search_text public.gin_trgm_ops'],
    serves: 'GET /v1/space/osdr/datasets?q=',
  }),
  sqlIndex({
    name: 'idx_osdr_items_released',
    table: 'space.osdr_items',
    columns: ["coalesce(release_date, '-infinity') desc", 'dataset_id desc'],
    serves: 'GET /v1/space/osdr/datasets, newest first',
  }),
  sqlIndex({
    name: 'idx_osdr_items_updated',
    table: 'space.osdr_items',
    columns: ['updated_at desc', 'dataset_id desc'],
    serves: 'GET /v1/space/osdr/datasets?sort=-updatedAt',
  }),
  sqlIndex({
    name: 'idx_osdr_changes_feed',
    table: 'space.osdr_changes',
    columns: ['xid', 'id'],
    serves: 'GET /v1/space/osdr/changes?after=',
  }),
  sqlIndex({
    name: 'idx_neo_approaches_at',
    table: 'space.neo_approaches',
    columns: ['approach_at', 'neo_id', 'orbiting_body'],
    serves: 'GET /v1/space/neo?from=&to=',
  }),
  sqlIndex({
    name: 'idx_donki_events_started',
    table: 'space.donki_events',
    columns: ['type', 'started_at desc', 'event_id desc'],
    serves: 'GET /v1/space/donki/{type}?from=&to=',
  }),
  sqlIndex({
    name: 'idx_upstream_answers_received',
    table: 'space.upstream_answers',
    columns: ['received_at'],
    serves: 'the removal of answers past their week',
  }),
]

/** What was counted relative to today goes stale by itself: such a view is counted anew after a day. */
function refreshing(name: string, views: string[]): Declared {
  const list = views.map((view) => `'space.${view}'`).join(', ')
  const signature = `space.refresh_${name}_materialized_views()`
  return sqlFunction({
    name: signature,
    create: `
create or replace function ${signature}
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language sql
set search_path = ''
as $$
  select refreshed.*
  from unnest(array[${list}]) with ordinality named (view, place)
  cross join lateral core.refresh_view(
    named.view, case named.view when 'space.mv_osdr_stats' then interval '1 day' end
  ) refreshed
  order by named.place
$$`,
  })
}
