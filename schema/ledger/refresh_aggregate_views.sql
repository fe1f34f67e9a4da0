-- Refreshes the aggregates, or skips them if no event was numbered since the last refresh.
-- Race: a transaction has taken a number and has not committed when the refresh reads. The function reads the
-- sequence first. A transaction that took a number before that has committed, or still holds a lock on the
-- sequence. In the second case the function does not keep the number, so the next call refreshes again.
-- Once a day core.recount_once compares a view with its query before the refresh is skipped.
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
