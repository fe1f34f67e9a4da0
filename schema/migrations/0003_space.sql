create schema if not exists space;

create extension if not exists pg_trgm schema public;

create table core.source_writes (
  source text not null,
  shard integer not null,
  writes bigint not null,
  constraint source_writes_source_shard_pk primary key(source,shard)
);

create table core.view_refreshes (
  id bigint primary key generated always as identity,
  view text not null,
  started_at timestamptz not null,
  confirmed_at timestamptz not null,
  duration_ms double precision not null,
  rows bigint not null,
  source_writes bigint,
  skipped integer default 0 not null,
  constraint view_refreshes_confirmed_after_start check (core.view_refreshes.confirmed_at >= core.view_refreshes.started_at)
);

create table space.apod (
  date date primary key,
  title text not null,
  explanation text,
  media_type text not null,
  url text,
  hd_url text,
  thumbnail_url text,
  copyright text,
  raw jsonb not null,
  fetched_at timestamptz default now() not null,
  constraint apod_media_type check (media_type in ('image', 'video', 'other'))
);

create table space.donki_events (
  type text not null,
  event_id text not null,
  version_id integer not null,
  started_at timestamptz not null,
  peak_at timestamptz,
  ended_at timestamptz,
  class_type text,
  rank double precision,
  source_location text,
  active_region integer,
  note text,
  link text,
  linked_events jsonb not null,
  raw jsonb not null,
  updated_at timestamptz default now() not null,
  first_seen_at timestamptz default now() not null,
  constraint donki_events_type_event_id_pk primary key(type,event_id),
  constraint donki_events_type check (type in ('cme', 'flr', 'gst', 'notifications'))
);

create table space.donki_revisions (
  type text not null,
  event_id text not null,
  version_id integer not null,
  raw jsonb not null,
  seen_at timestamptz default now() not null,
  constraint donki_revisions_type_event_id_version_id_pk primary key(type,event_id,version_id),
  constraint donki_revisions_type check (type in ('cme', 'flr', 'gst', 'notifications'))
);

create table space.elements (
  norad_id integer not null,
  epoch timestamptz not null,
  omm jsonb not null,
  source text not null,
  fetched_at timestamptz default now() not null,
  constraint elements_norad_id_epoch_pk primary key(norad_id,epoch),
  constraint elements_source check (source in ('celestrak', 'wheretheiss', 'satnogs', 'computed'))
);

create table space.iss_fetch_log (
  id bigint generated always as identity,
  norad_id integer not null,
  ts timestamptz not null,
  latitude double precision not null,
  longitude double precision not null,
  altitude_km double precision,
  velocity_kmh double precision,
  visibility text,
  source text not null,
  computed boolean not null,
  cross_check_km double precision,
  error_km double precision,
  fetched_at timestamptz default now() not null,
  constraint iss_fetch_log_norad_id_ts_pk primary key(norad_id,ts),
  constraint iss_fetch_log_latitude check (latitude between -51.85 and 51.85 or norad_id <> 25544),
  constraint iss_fetch_log_longitude check (longitude >= -180 and longitude < 180),
  constraint iss_fetch_log_altitude check (altitude_km between 370 and 460 or norad_id <> 25544),
  constraint iss_fetch_log_velocity check (velocity_kmh between 27000 and 28500 or norad_id <> 25544),
  constraint iss_fetch_log_visibility check (visibility in ('daylight', 'eclipsed')),
  constraint iss_fetch_log_source check (source in ('wheretheiss', 'open-notify', 'sgp4')),
  constraint iss_fetch_log_computed check (computed = (source = 'sgp4')),
  constraint iss_fetch_log_checked_or_computed check (not computed or cross_check_km is null),
  constraint iss_fetch_log_error_of_computed check (computed = (error_km is not null))
) partition by range (ts);

create table space.neo_approaches (
  neo_id text not null,
  close_approach_date date not null,
  orbiting_body text not null,
  name text not null,
  approach_at timestamptz not null,
  hazardous boolean not null,
  sentry boolean not null,
  absolute_magnitude double precision,
  diameter_min_m double precision,
  diameter_max_m double precision,
  velocity_kmh double precision not null,
  miss_distance_km double precision not null,
  jpl_url text,
  raw jsonb not null,
  updated_at timestamptz default now() not null,
  first_seen_at timestamptz default now() not null,
  constraint neo_approaches_neo_id_close_approach_date_orbiting_body_pk primary key(neo_id,close_approach_date,orbiting_body),
  constraint neo_approaches_no_key check (raw::text not like '%api_key%')
);

create table space.osdr_changes (
  id bigint primary key generated always as identity,
  xid xid8 default core.reading_xid() not null,
  dataset_id text not null,
  field text not null,
  old jsonb,
  new jsonb,
  seen_at timestamptz default now() not null
);

create table space.osdr_items (
  dataset_id text primary key,
  title text not null,
  description text,
  release_date date,
  organism text,
  material text,
  project text,
  project_type text,
  mission jsonb,
  assay_types jsonb not null,
  raw jsonb not null,
  content_hash text not null,
  listing_hash text,
  updated_at timestamptz default now() not null,
  first_seen_at timestamptz default now() not null,
  search_text text generated always as (lower(dataset_id || ' ' || title || ' ' || coalesce(description, '') || ' ' || coalesce(organism, '') || ' ' || coalesce(material, '') || ' ' || coalesce(project, ''))) stored
);

create table space.upstream_answers (
  upstream text not null,
  request text not null,
  body_hash text not null,
  status integer not null,
  content_type text not null,
  body text not null,
  verdict text not null,
  reason text,
  times integer default 1 not null,
  first_received_at timestamptz default now() not null,
  received_at timestamptz default now() not null,
  constraint upstream_answers_upstream_request_body_hash_pk primary key(upstream,request,body_hash),
  constraint upstream_answers_verdict check (verdict in ('accepted', 'not_modified', 'quarantined')),
  constraint upstream_answers_reason check ((verdict = 'quarantined') = (reason is not null)),
  constraint upstream_answers_no_key check ((body || request) not like '%api_key=%')
);

create table space.upstream_state (
  upstream text primary key,
  last_ok_at timestamptz,
  last_error_at timestamptz,
  last_error text,
  failures integer default 0 not null,
  open_until timestamptz,
  quota_limit integer,
  quota_left integer,
  quota_until timestamptz,
  constraint upstream_state_failures check (failures >= 0)
);

create or replace function core.settled(answer jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  key text := nullif(current_setting('lockstep.key', true), '');
  run bigint := nullif(current_setting('lockstep.run', true), '')::bigint;
begin
  if key is not null and answer ? 'again' then
    delete from core.idempotency_keys where id = key;
  elsif key is not null then
    update core.idempotency_keys set outcome = answer where id = key;
  end if;
  if run is not null then
    update core.job_runs
    set outcome = coalesce(answer ->> 'outcome', 'ok'),
        rows = (answer ->> 'rows')::bigint,
        error = answer ->> 'error',
        detail = answer - 'outcome' - 'rows' - 'error',
        finished_at = clock_timestamp(),
        round_trips = 1
    where id = run;
  end if;
  return answer;
end
$$;

create or replace function core.count_writes() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  if tg_op <> 'TRUNCATE' then
    if not exists (select from changed) then
      return null;
    end if;
  end if;
  insert into core.source_writes as w (source, shard, writes)
  values (tg_table_schema || '.' || tg_table_name, pg_catalog.pg_backend_pid() % 16, 1)
  on conflict (source, shard) do update
  set writes = w.writes + 1;
  return null;
end
$$;

create or replace function core.writes_behind(view_id oid) returns bigint
language sql stable
set search_path = ''
as $$
  with sources as (
    select distinct d.refobjid as id
    from pg_catalog.pg_rewrite r
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = r.oid
    where r.ev_class = view_id
      and d.refclassid = 'pg_catalog.pg_class'::regclass
      and d.refobjid <> view_id
  ),
  counted as (
    select
      exists (
        select from pg_catalog.pg_trigger t
        where t.tgrelid = s.id
          and t.tgfoid = 'core.count_writes()'::regprocedure
      ) as is_counted,
      (select sum(w.writes) from core.source_writes w where w.source = n.nspname || '.' || c.relname) as writes
    from sources s
    join pg_catalog.pg_class c on c.oid = s.id
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  )
  select case when bool_and(is_counted) then coalesce(sum(writes), 0)::bigint end
  from counted
$$;

create or replace function core.refresh_view(view_name text, max_age interval default null)
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language plpgsql security definer
set search_path = ''
as $$
declare
  found_view record;
  known record;
  begun timestamptz := clock_timestamp();
  counted bigint;
  seen bigint;
begin
  select c.oid as id, c.relispopulated as populated into found_view
  from pg_catalog.pg_class c
  where c.oid = to_regclass(view_name)
    and c.relkind = 'm';
  if not found then
    raise exception '% is no materialized view', view_name;
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('refresh ' || view_name, 0)) then
    return query select view_name, 'busy', null::bigint, null::float8, null::timestamptz;
    return;
  end if;
  counted := core.writes_behind(found_view.id);
  select * into known from core.view_refreshes v where v.view = view_name order by v.id desc limit 1;
  if found_view.populated
    and known.source_writes = counted
    and (max_age is null or known.started_at > begun - max_age)
  then
    update core.view_refreshes v set confirmed_at = begun, skipped = v.skipped + 1 where v.id = known.id;
    return query select view_name, 'skipped', known.rows, 0::float8, begun;
    return;
  end if;
  execute format(
    'refresh materialized view %s %s',
    case when found_view.populated then 'concurrently' else '' end,
    found_view.id::regclass
  );
  execute format('select count(*) from %s', found_view.id::regclass) into seen;
  delete from core.view_refreshes v where v.view = view_name and v.started_at < begun - interval '30 days';
  insert into core.view_refreshes as v (view, started_at, confirmed_at, duration_ms, rows, source_writes)
  values (view_name, begun, begun, extract(epoch from clock_timestamp() - begun) * 1000, seen, counted)
  returning v.* into known;
  return query select view_name, 'refreshed', known.rows, known.duration_ms, begun;
end
$$;
revoke execute on function core.refresh_view(text, interval) from public;
grant execute on function core.refresh_view(text, interval) to lockstep_app;

create or replace function core.get_views_refresh_status()
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
  select
    n.nspname || '.' || c.relname,
    c.relispopulated,
    last.started_at,
    last.confirmed_at,
    extract(epoch from clock_timestamp() - last.confirmed_at)::float8,
    last.duration_ms,
    last.rows,
    pg_catalog.pg_total_relation_size(c.oid),
    core.writes_behind(c.oid) - last.source_writes,
    last.skipped
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join lateral (
    select *
    from core.view_refreshes v
    where v.view = n.nspname || '.' || c.relname
    order by v.id desc
    limit 1
  ) last on true
  where c.relkind = 'm'
  order by 1
$$;

grant select on table core.source_writes to lockstep_app;

grant select on table core.view_refreshes to lockstep_app;

grant usage on schema space to lockstep_app;

grant select, insert on table space.iss_fetch_log to lockstep_app;

grant select, insert on table space.elements to lockstep_app;

grant select, insert, update on table space.osdr_items to lockstep_app;

grant select, insert on table space.osdr_changes to lockstep_app;

grant select, insert, update on table space.apod to lockstep_app;

grant select, insert, update on table space.neo_approaches to lockstep_app;

grant select, insert, update on table space.donki_events to lockstep_app;

grant select, insert on table space.donki_revisions to lockstep_app;

grant select, insert, update on table space.upstream_state to lockstep_app;

grant select, insert, update, delete on table space.upstream_answers to lockstep_app;

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
$$;
revoke execute on function space.keep_log_month(timestamptz) from public;
grant execute on function space.keep_log_month(timestamptz) to lockstep_app;

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
$$;
revoke execute on function space.drop_log_months(timestamptz) from public;
grant execute on function space.drop_log_months(timestamptz) to lockstep_app;

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
$$;

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
$$;

create or replace trigger record_changes
after update on space.osdr_items
referencing old table as before_rows new table as after_rows
for each statement
execute function space.record_dataset_changes();

create or replace trigger record_new
after insert on space.osdr_items
referencing new table as after_rows
for each statement
execute function space.record_new_datasets();

create or replace function space.haversine_km(
  lat1 double precision, lng1 double precision, lat2 double precision, lng2 double precision
) returns double precision
language sql immutable parallel safe
return 2 * 6371.0088 * atan2(
  sqrt(sin(radians(lat2 - lat1) / 2) ^ 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(radians(lng2 - lng1) / 2) ^ 2),
  sqrt(abs(1 - (sin(radians(lat2 - lat1) / 2) ^ 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(radians(lng2 - lng1) / 2) ^ 2)))
);

create or replace trigger count_inserts
after insert on space.iss_fetch_log
referencing new table as changed
for each statement
execute function core.count_writes();

create or replace trigger count_updates
after update on space.iss_fetch_log
referencing new table as changed
for each statement
execute function core.count_writes();

create or replace trigger count_deletes
after delete on space.iss_fetch_log
referencing old table as changed
for each statement
execute function core.count_writes();

create or replace trigger count_truncations
after truncate on space.iss_fetch_log
for each statement
execute function core.count_writes();

create or replace trigger count_inserts
after insert on space.osdr_items
referencing new table as changed
for each statement
execute function core.count_writes();

create or replace trigger count_updates
after update on space.osdr_items
referencing new table as changed
for each statement
execute function core.count_writes();

create or replace trigger count_deletes
after delete on space.osdr_items
referencing old table as changed
for each statement
execute function core.count_writes();

create or replace trigger count_truncations
after truncate on space.osdr_items
for each statement
execute function core.count_writes();

create or replace trigger count_inserts
after insert on space.osdr_changes
referencing new table as changed
for each statement
execute function core.count_writes();

create or replace trigger count_updates
after update on space.osdr_changes
referencing new table as changed
for each statement
execute function core.count_writes();

create or replace trigger count_deletes
after delete on space.osdr_changes
referencing old table as changed
for each statement
execute function core.count_writes();

create or replace trigger count_truncations
after truncate on space.osdr_changes
for each statement
execute function core.count_writes();

create materialized view space.mv_iss_stats_hourly as
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
from hours;
create unique index mv_iss_stats_hourly_key on space.mv_iss_stats_hourly (hour);
comment on index space.mv_iss_stats_hourly_key is 'refreshes without blocking readers; GET /v1/space/iss/stats/hourly';
grant select on space.mv_iss_stats_hourly to lockstep_app;

create materialized view space.mv_iss_stats_daily as
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
group by 1;
create unique index mv_iss_stats_daily_key on space.mv_iss_stats_daily (day);
comment on index space.mv_iss_stats_daily_key is 'refreshes without blocking readers; GET /v1/space/iss/stats/daily';
grant select on space.mv_iss_stats_daily to lockstep_app;

create materialized view space.mv_iss_coverage_map as
select
  (floor(latitude / 5) * 5)::integer as lat_bucket,
  (floor(longitude / 5) * 5)::integer as lon_bucket,
  count(*)::integer as observation_count,
  avg(altitude_km) as avg_altitude
from space.iss_fetch_log
where norad_id = 25544
group by 1, 2;
create unique index mv_iss_coverage_map_key on space.mv_iss_coverage_map (lat_bucket, lon_bucket);
comment on index space.mv_iss_coverage_map_key is 'refreshes without blocking readers; GET /v1/space/iss/coverage';
grant select on space.mv_iss_coverage_map to lockstep_app;

create materialized view space.mv_osdr_stats as
select
  count(*)::integer as total_datasets,
  min(release_date) as oldest_dataset,
  max(release_date) as newest_dataset,
  count(*) filter (where release_date > (now() at time zone 'UTC')::date - 30)::integer as recent_30d,
  count(*) filter (where release_date > (now() at time zone 'UTC')::date - 365)::integer as recent_1y,
  now() as counted_at,
  max(updated_at) as last_sync_time
from space.osdr_items;
create unique index mv_osdr_stats_key on space.mv_osdr_stats (counted_at);
comment on index space.mv_osdr_stats_key is 'refreshes without blocking readers; GET /v1/space/osdr/stats';
grant select on space.mv_osdr_stats to lockstep_app;

create materialized view space.mv_osdr_by_year as
select
  extract(year from release_date)::integer as year,
  count(*)::integer as dataset_count,
  count(description)::integer as datasets_with_description
from space.osdr_items
where release_date is not null
group by 1;
create unique index mv_osdr_by_year_key on space.mv_osdr_by_year (year);
comment on index space.mv_osdr_by_year_key is 'refreshes without blocking readers; GET /v1/space/osdr/by-year';
grant select on space.mv_osdr_by_year to lockstep_app;

create materialized view space.mv_recent_activity as
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
limit 100;
create unique index mv_recent_activity_key on space.mv_recent_activity (activity_id);
comment on index space.mv_recent_activity_key is 'refreshes without blocking readers; GET /v1/space/activity';
grant select on space.mv_recent_activity to lockstep_app;

create or replace function space.refresh_iss_materialized_views()
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language sql
set search_path = ''
as $$
  select refreshed.*
  from unnest(array['space.mv_iss_stats_hourly', 'space.mv_iss_stats_daily', 'space.mv_iss_coverage_map']) with ordinality named (view, place)
  cross join lateral core.refresh_view(
    named.view, case named.view when 'space.mv_osdr_stats' then interval '1 day' end
  ) refreshed
  order by named.place
$$;

create or replace function space.refresh_osdr_materialized_views()
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language sql
set search_path = ''
as $$
  select refreshed.*
  from unnest(array['space.mv_osdr_stats', 'space.mv_osdr_by_year']) with ordinality named (view, place)
  cross join lateral core.refresh_view(
    named.view, case named.view when 'space.mv_osdr_stats' then interval '1 day' end
  ) refreshed
  order by named.place
$$;

create or replace function space.refresh_activity_materialized_views()
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language sql
set search_path = ''
as $$
  select refreshed.*
  from unnest(array['space.mv_recent_activity']) with ordinality named (view, place)
  cross join lateral core.refresh_view(
    named.view, case named.view when 'space.mv_osdr_stats' then interval '1 day' end
  ) refreshed
  order by named.place
$$;

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
$$;

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
$$;
