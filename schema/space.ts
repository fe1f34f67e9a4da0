import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  date,
  doublePrecision,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
} from 'drizzle-orm/pg-core'
import { instant, writtenBy } from './columns.ts'
import { countedSource, materializedView } from './materialized.ts'
import { type Declared, extension, grants, partitioned, sqlFunction, sqlIndex, trigger } from './triggers.ts'

export const space = pgSchema('space')

const seq = () => bigint('id', { mode: 'number' }).notNull().generatedAlwaysAsIdentity()
const fetchedAt = () => instant('fetched_at').notNull().defaultNow()
const firstSeenAt = () => instant('first_seen_at').notNull().defaultNow()
const updatedAt = () => instant('updated_at').notNull().defaultNow()

/**
 * Where the ISS was, minute by minute, cut by months. The bounds stand here too: whoever writes, no position that the
 * ISS cannot have is ever served. A computed position says so; what a source does not tell is null.
 */
export const issFetchLog = space.table(
  'iss_fetch_log',
  {
    id: seq(),
    noradId: integer('norad_id').notNull(),
    ts: instant('ts').notNull(),
    latitude: doublePrecision('latitude').notNull(),
    longitude: doublePrecision('longitude').notNull(),
    altitudeKm: doublePrecision('altitude_km'),
    velocityKmh: doublePrecision('velocity_kmh'),
    visibility: text('visibility'),
    source: text('source').notNull(),
    computed: boolean('computed').notNull(),
    crossCheckKm: doublePrecision('cross_check_km'),
    errorKm: doublePrecision('error_km'),
    fetchedAt: fetchedAt(),
  },
  (t) => [
    primaryKey({ columns: [t.noradId, t.ts] }),
    check('iss_fetch_log_latitude', sql`latitude between -51.85 and 51.85 or norad_id <> 25544`),
    check('iss_fetch_log_longitude', sql`longitude >= -180 and longitude < 180`),
    check('iss_fetch_log_altitude', sql`altitude_km between 370 and 460 or norad_id <> 25544`),
    check('iss_fetch_log_velocity', sql`velocity_kmh between 27000 and 28500 or norad_id <> 25544`),
    check('iss_fetch_log_visibility', sql`visibility in ('daylight', 'eclipsed')`),
    check('iss_fetch_log_source', sql`source in ('wheretheiss', 'open-notify', 'sgp4')`),
    check('iss_fetch_log_computed', sql`computed = (source = 'sgp4')`),
    check('iss_fetch_log_checked_or_computed', sql`not computed or cross_check_km is null`),
    check('iss_fetch_log_error_of_computed', sql`computed = (error_km is not null)`),
  ],
)

/** Mean orbital elements, kept for ever: the past is computed from those nearest to it. */
export const elements = space.table(
  'elements',
  {
    noradId: integer('norad_id').notNull(),
    epoch: instant('epoch').notNull(),
    omm: jsonb('omm').notNull(),
    source: text('source').notNull(),
    fetchedAt: fetchedAt(),
  },
  (t) => [
    primaryKey({ columns: [t.noradId, t.epoch] }),
    check('elements_source', sql`source in ('celestrak', 'wheretheiss', 'satnogs', 'computed')`),
  ],
)

/** `listing_hash` is of the dataset's row in the overview of all: while it stands, the dataset need not be fetched. */
export const osdrItems = space.table('osdr_items', {
  datasetId: text('dataset_id').primaryKey(),
  title: text('title').notNull(),
  description: text('description'),
  releaseDate: date('release_date', { mode: 'string' }),
  organism: text('organism'),
  material: text('material'),
  project: text('project'),
  projectType: text('project_type'),
  mission: jsonb('mission'),
  assayTypes: jsonb('assay_types').notNull(),
  raw: jsonb('raw').notNull(),
  contentHash: text('content_hash').notNull(),
  listingHash: text('listing_hash'),
  updatedAt: updatedAt(),
  firstSeenAt: firstSeenAt(),
  searchText: text('search_text').generatedAlwaysAs(
    sql`lower(dataset_id || ' ' || title || ' ' || coalesce(description, '') || ' ' || coalesce(organism, '') || ' ' || coalesce(material, '') || ' ' || coalesce(project, ''))`,
  ),
})

/** What changed in the catalogue, append-only, read in commit order by (xid, id). */
export const osdrChanges = space.table('osdr_changes', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  xid: writtenBy(),
  datasetId: text('dataset_id').notNull(),
  field: text('field').notNull(),
  old: jsonb('old'),
  new: jsonb('new'),
  seenAt: instant('seen_at').notNull().defaultNow(),
})

export const apod = space.table(
  'apod',
  {
    date: date('date', { mode: 'string' }).primaryKey(),
    title: text('title').notNull(),
    explanation: text('explanation'),
    mediaType: text('media_type').notNull(),
    url: text('url'),
    hdUrl: text('hd_url'),
    thumbnailUrl: text('thumbnail_url'),
    copyright: text('copyright'),
    raw: jsonb('raw').notNull(),
    fetchedAt: fetchedAt(),
  },
  () => [check('apod_media_type', sql`media_type in ('image', 'video', 'other')`)],
)

export const neoApproaches = space.table(
  'neo_approaches',
  {
    neoId: text('neo_id').notNull(),
    closeApproachDate: date('close_approach_date', { mode: 'string' }).notNull(),
    orbitingBody: text('orbiting_body').notNull(),
    name: text('name').notNull(),
    approachAt: instant('approach_at').notNull(),
    hazardous: boolean('hazardous').notNull(),
    sentry: boolean('sentry').notNull(),
    absoluteMagnitude: doublePrecision('absolute_magnitude'),
    diameterMinM: doublePrecision('diameter_min_m'),
    diameterMaxM: doublePrecision('diameter_max_m'),
    velocityKmh: doublePrecision('velocity_kmh').notNull(),
    missDistanceKm: doublePrecision('miss_distance_km').notNull(),
    jplUrl: text('jpl_url'),
    raw: jsonb('raw').notNull(),
    updatedAt: updatedAt(),
    firstSeenAt: firstSeenAt(),
  },
  (t) => [
    primaryKey({ columns: [t.neoId, t.closeApproachDate, t.orbitingBody] }),
    check('neo_approaches_no_key', sql`raw::text not like '%api_key%'`),
  ],
)

const weatherTypes = sql.raw(`'cme', 'flr', 'gst', 'notifications'`)

/** The newest version of each event; the others stand in donki_revisions. */
export const donkiEvents = space.table(
  'donki_events',
  {
    type: text('type').notNull(),
    eventId: text('event_id').notNull(),
    versionId: integer('version_id').notNull(),
    startedAt: instant('started_at').notNull(),
    peakAt: instant('peak_at'),
    endedAt: instant('ended_at'),
    classType: text('class_type'),
    rank: doublePrecision('rank'),
    sourceLocation: text('source_location'),
    activeRegion: integer('active_region'),
    note: text('note'),
    link: text('link'),
    linkedEvents: jsonb('linked_events').notNull(),
    raw: jsonb('raw').notNull(),
    updatedAt: updatedAt(),
    firstSeenAt: firstSeenAt(),
  },
  (t) => [
    primaryKey({ columns: [t.type, t.eventId] }),
    check('donki_events_type', sql`type in (${weatherTypes})`),
  ],
)

/** Every version ever seen, append-only. */
export const donkiRevisions = space.table(
  'donki_revisions',
  {
    type: text('type').notNull(),
    eventId: text('event_id').notNull(),
    versionId: integer('version_id').notNull(),
    raw: jsonb('raw').notNull(),
    seenAt: instant('seen_at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.type, t.eventId, t.versionId] }),
    check('donki_revisions_type', sql`type in (${weatherTypes})`),
  ],
)

/** What is known of each outside service from earlier calls. Quota is kept under the name of the account that has it. */
export const upstreamState = space.table(
  'upstream_state',
  {
    upstream: text('upstream').primaryKey(),
    lastOkAt: instant('last_ok_at'),
    lastErrorAt: instant('last_error_at'),
    lastError: text('last_error'),
    failures: integer('failures').notNull().default(0),
    openUntil: instant('open_until'),
    quotaLimit: integer('quota_limit'),
    quotaLeft: integer('quota_left'),
    quotaUntil: instant('quota_until'),
  },
  () => [check('upstream_state_failures', sql`failures >= 0`)],
)

/**
 * What came over the wire, whole, with what became of it: reading a kept body again gives the same rows. The same body
 * of the same request is kept once. Neither column ever holds a key: requests carry it in a header, and the one
 * upstream that echoes it is stripped first.
 */
export const upstreamAnswers = space.table(
  'upstream_answers',
  {
    upstream: text('upstream').notNull(),
    request: text('request').notNull(),
    bodyHash: text('body_hash').notNull(),
    status: integer('status').notNull(),
    contentType: text('content_type').notNull(),
    body: text('body').notNull(),
    verdict: text('verdict').notNull(),
    reason: text('reason'),
    times: integer('times').notNull().default(1),
    firstReceivedAt: instant('first_received_at').notNull().defaultNow(),
    receivedAt: instant('received_at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.upstream, t.request, t.bodyHash] }),
    check('upstream_answers_verdict', sql`verdict in ('accepted', 'not_modified', 'quarantined')`),
    check('upstream_answers_reason', sql`(verdict = 'quarantined') = (reason is not null)`),
    check('upstream_answers_no_key', sql`(body || request) not like '%api_key=%'`),
  ],
)

const halfChordSquared =
  'sin(radians(lat2 - lat1) / 2) ^ 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(radians(lng2 - lng1) / 2) ^ 2'

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

  // Attached rather than created in place: that needs no exclusive lock on the log, so neither readers nor the writer
  // of this minute wait. Definer: the Worker owns nothing.
  sqlFunction({
    name: 'space.keep_log_month(timestamptz)',
    executeBy: 'lockstep_app',
    create: `
create or replace function space.keep_log_month(at timestamptz) returns boolean
language plpgsql security definer
set search_path = ''
as $$
declare
  first_moment timestamptz := date_trunc('month', at, 'UTC');
  next_moment timestamptz := date_trunc('month', at at time zone 'UTC' + interval '1 month') at time zone 'UTC';
  name text := 'iss_fetch_log_' || to_char(first_moment at time zone 'UTC', 'YYYYMM');
begin
  if to_regclass('space.' || name) is not null then
    return false;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('space.' || name, 0));
  -- Asked of the table and not of the catalog cache, which does not see what was made while this waited.
  if exists (
    select from pg_catalog.pg_class c
    where c.relnamespace = 'space'::regnamespace
      and c.relname = name
  ) then
    return false;
  end if;
  execute format(
    'create table space.%I (like space.iss_fetch_log including all excluding identity)', name
  );
  execute format(
    'alter table space.iss_fetch_log attach partition space.%I for values from (%L) to (%L)',
    name, first_moment, next_moment
  );
  return true;
end
$$`,
  }),
  // Months are dropped whole: no dead rows, no vacuum. The name of a partition tells its month.
  sqlFunction({
    name: 'space.drop_log_months(timestamptz)',
    executeBy: 'lockstep_app',
    create: `
create or replace function space.drop_log_months(before timestamptz) returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  month record;
  dropped integer := 0;
begin
  for month in
    select c.relname as name
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'space.iss_fetch_log'::regclass
      and c.relname < 'iss_fetch_log_' || to_char(before at time zone 'UTC', 'YYYYMM')
    order by c.relname
    limit 12
  loop
    execute format('drop table space.%I', month.name);
    dropped := dropped + 1;
  end loop;
  return dropped;
end
$$`,
  }),

  // A field that changed is one row, whoever wrote it; a change of nothing we show is one row 'raw'.
  sqlFunction({
    name: 'space.record_dataset_changes()',
    create: `
create or replace function space.record_dataset_changes() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into space.osdr_changes (dataset_id, field, old, new)
  select a.dataset_id, changed.field, changed.was, changed.became
  from after_rows a
  join before_rows b on b.dataset_id = a.dataset_id
  cross join lateral (
    values
      ('title', to_jsonb(b.title), to_jsonb(a.title)),
      ('description', to_jsonb(b.description), to_jsonb(a.description)),
      ('releaseDate', to_jsonb(b.release_date), to_jsonb(a.release_date)),
      ('organism', to_jsonb(b.organism), to_jsonb(a.organism)),
      ('material', to_jsonb(b.material), to_jsonb(a.material)),
      ('project', to_jsonb(b.project), to_jsonb(a.project)),
      ('projectType', to_jsonb(b.project_type), to_jsonb(a.project_type)),
      ('mission', b.mission, a.mission),
      ('assayTypes', b.assay_types, a.assay_types),
      ('raw', to_jsonb(b.content_hash), case
        when row(b.title, b.description, b.release_date, b.organism, b.material, b.project, b.project_type, b.mission,
            b.assay_types)
          is distinct from row(a.title, a.description, a.release_date, a.organism, a.material, a.project,
            a.project_type, a.mission, a.assay_types)
        then to_jsonb(b.content_hash)
        else to_jsonb(a.content_hash)
      end)
  ) changed (field, was, became)
  where changed.was is distinct from changed.became
  order by a.dataset_id, changed.field;
  return null;
end
$$`,
  }),
  sqlFunction({
    name: 'space.record_new_datasets()',
    create: `
create or replace function space.record_new_datasets() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into space.osdr_changes (dataset_id, field, old, new)
  select a.dataset_id, 'dataset', null, to_jsonb(a.title)
  from after_rows a
  order by a.dataset_id;
  return null;
end
$$`,
  }),
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

  // The same formula and radius as in functions/space/iss/geometry.ts. One expression in SQL syntax is inlined: no call per
  // row. By atan2, because asin(least(1, null)) would be half the way around the world.
  sqlFunction({
    name: 'space.haversine_km(double precision, double precision, double precision, double precision)',
    create: `
create or replace function space.haversine_km(
  lat1 double precision, lng1 double precision, lat2 double precision, lng2 double precision
) returns double precision
language sql immutable parallel safe
return 2 * 6371.0088 * atan2(
  sqrt(${halfChordSquared}),
  sqrt(abs(1 - (${halfChordSquared})))
)`,
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
    create: `
create or replace function space.refresh_all_materialized_views()
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language sql
set search_path = ''
as $$
  select * from space.refresh_iss_materialized_views()
  union all
  select * from space.refresh_osdr_materialized_views()
  union all
  select * from space.refresh_activity_materialized_views()
$$`,
  }),
  sqlFunction({
    name: 'space.get_views_refresh_status()',
    create: `
create or replace function space.get_views_refresh_status()
returns table (
  view text,
  populated boolean,
  last_refresh timestamptz,
  confirmed_at timestamptz,
  age_seconds double precision,
  duration_ms double precision,
  rows bigint,
  size_bytes bigint,
  pending_writes bigint,
  skipped integer
)
language sql stable
set search_path = ''
as $$
  select * from core.get_views_refresh_status() s where s.view like 'space.%'
$$`,
  }),

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
