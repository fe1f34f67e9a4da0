drop function core.keep_recount(text, bigint);

create or replace function core.recount_once(known core.view_refreshes, begun timestamptz, counting text) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  differing bigint := core.recount_view(known.view);
  counted bigint;
begin
  if differing is not null then
    execute counting into counted;
    if counted = known.source_writes then
      insert into core.view_recounts as r (view, recounted_at, drift_keys)
      values (known.view, clock_timestamp(), differing)
      on conflict (view) do update
      set recounted_at = excluded.recounted_at, drift_keys = excluded.drift_keys;
    end if;
  end if;
  if differing > 0 then
    return false;
  end if;
  update core.view_refreshes v set confirmed_at = begun, skipped = v.skipped + 1 where v.id = known.id;
  return true;
end
$$;

create or replace function core.refresh_view(view_name text, max_age interval default null)
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language plpgsql security definer
set search_path = ''
as $$
declare
  found_view record;
  known core.view_refreshes;
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
    if core.recount_once(known, begun, format('select core.writes_behind(%s)', found_view.id)) then
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

create or replace function ledger.refresh_aggregate_views()
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language plpgsql security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  begun timestamptz := clock_timestamp();
  counting constant text := $count$ select coalesce(pg_sequence_last_value('ledger.event_seq'), 0) $count$;
  numbered bigint;
  quiet boolean;
  name text;
  known core.view_refreshes;
begin
  execute counting into numbered;
  quiet := not exists (
    select from pg_locks l
    where l.relation = 'ledger.event_seq'::regclass
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.pid is distinct from pg_backend_pid()
  );
  foreach name in array array['ledger.tenants_summary_view', 'ledger.user_activity_view', 'ledger.top_bets_today'] loop
    select * into known from core.view_refreshes v where v.view = name order by v.id desc limit 1;
    if known.source_writes = numbered
      and (name <> 'ledger.top_bets_today' or date_trunc('day', known.started_at, 'UTC') = date_trunc('day', begun, 'UTC'))
    then
      if core.recount_once(known, begun, counting) then
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
