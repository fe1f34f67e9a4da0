-- Refreshes a materialized view, or skips the refresh if its tables have not changed since the last one.
-- Race: a write commits while the view is refreshed. The statement that counts the writes runs before the
-- refresh, so its snapshot is older (read committed). A counted write is therefore in the view, and the next
-- call finds every other write. Never call the function under repeatable read.
-- Once a day core.recount_once compares a view with its query before the refresh is skipped.
-- The refresh is concurrent, so no reader waits. A second refresh of the same view returns 'busy' instead of
-- waiting. Definer: only the owner may refresh a view, and the Worker owns nothing.
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
