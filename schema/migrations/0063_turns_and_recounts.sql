create table core.view_recounts (
  view text primary key,
  recounted_at timestamptz not null,
  drift_keys bigint not null
);

alter table fleet.calibrations add column served_at timestamptz;

create or replace function core.recount_view(view_name text) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  begun timestamptz := clock_timestamp();
  compared text;
  differing bigint;
begin
  if not exists (
    select
    from (select * from core.view_refreshes v where v.view = view_name order by v.id desc limit 1) newest
    left join core.view_recounts r on r.view = view_name
    where greatest(newest.started_at, r.recounted_at) < begun - interval '1 day'
      and newest.duration_ms < 2000
      and not exists (select from core.view_recounts x where x.recounted_at >= now())
  ) then
    return null;
  end if;
  select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into compared
  from pg_catalog.pg_attribute a
  where a.attrelid = view_name::regclass
    and a.attnum > 0
    and not a.attisdropped
    and a.atttypid not in ('real'::regtype, 'double precision'::regtype);
  execute format(
    'with expected as materialized (select %1$s from (%2$s) query),
    actual as materialized (select %1$s from %3$s)
    select greatest(
      (select count(*) from (table expected except all table actual) missing),
      (select count(*) from (table actual except all table expected) surplus)
    )',
    compared,
    rtrim(pg_get_viewdef(view_name::regclass), ';'),
    view_name::regclass
  ) into differing;
  return differing;
end
$$;

create or replace function core.keep_recount(view_name text, differing bigint) returns void
language sql
set search_path = ''
as $$
  insert into core.view_recounts as r (view, recounted_at, drift_keys)
  values (view_name, clock_timestamp(), differing)
  on conflict (view) do update
  set recounted_at = excluded.recounted_at, drift_keys = excluded.drift_keys
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
  differing bigint;
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
    differing := core.recount_view(view_name);
    if differing is not null and core.writes_behind(found_view.id) = counted then
      perform core.keep_recount(view_name, differing);
    end if;
    if coalesce(differing, 0) = 0 then
      update core.view_refreshes v set confirmed_at = begun, skipped = v.skipped + 1 where v.id = known.id;
      return query select view_name, 'skipped', known.rows, 0::float8, begun;
      return;
    end if;
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

grant select on table core.view_recounts to lockstep_app;

create or replace function fleet.void_commands() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  with waiting as materialized (
    select c.id
    from fleet.commands c
    where c.state in ('QUEUED', 'SENT', 'ACK')
      and case tg_table_name when 'zones' then c.zone_id else c.regulator_id end = new.id
    order by c.id
    for no key update
  )
  update fleet.commands c
  set
    zone_epoch = case when c.kind = 'off' and tg_table_name = 'zones' then new.epoch else c.zone_epoch end,
    regulator_epoch = case when c.kind = 'off' and tg_table_name = 'regulators' then new.epoch else c.regulator_epoch end,
    state = case when c.kind = 'off' then c.state when c.state = 'QUEUED' then 'EXPIRED' else 'TIMEOUT' end,
    reason = case when c.kind = 'off' then c.reason else 'stale_epoch' end,
    finished_at = case when c.kind = 'off' then c.finished_at else now() end
  from waiting
  where c.id = waiting.id
    and c.state in ('QUEUED', 'SENT', 'ACK');
  return null;
end
$$;

create or replace function ledger.refresh_aggregate_views()
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language plpgsql security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  begun timestamptz := clock_timestamp();
  numbered bigint := coalesce(pg_sequence_last_value('ledger.event_seq'), 0);
  quiet boolean := not exists (
    select from pg_locks l
    where l.relation = 'ledger.event_seq'::regclass
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.pid is distinct from pg_backend_pid()
  );
  name text;
  differing bigint;
  known core.view_refreshes;
begin
  foreach name in array array['ledger.tenants_summary_view', 'ledger.user_activity_view', 'ledger.top_bets_today'] loop
    select * into known from core.view_refreshes v where v.view = name order by v.id desc limit 1;
    if known.source_writes = numbered
      and (name <> 'ledger.top_bets_today' or date_trunc('day', known.started_at, 'UTC') = date_trunc('day', begun, 'UTC'))
    then
      differing := core.recount_view(name);
      if differing is not null and coalesce(pg_sequence_last_value('ledger.event_seq'), 0) = numbered then
        perform core.keep_recount(name, differing);
      end if;
      if coalesce(differing, 0) = 0 then
        update core.view_refreshes v set confirmed_at = begun, skipped = v.skipped + 1 where v.id = known.id;
        return query select name, 'skipped', known.rows, 0::float8, begun;
        continue;
      end if;
    end if;
    return query select * from core.refresh_view(name);
    update core.view_refreshes v
    set source_writes = numbered
    where quiet
      and v.id = (select max(newest.id) from core.view_refreshes newest where newest.view = name and newest.started_at >= begun);
  end loop;
end
$$;
revoke execute on function ledger.refresh_aggregate_views() from public;
grant execute on function ledger.refresh_aggregate_views() to lockstep_app;
