-- Refreshes the aggregates, or skips them if no event was numbered since the last refresh.
-- Race: a transaction has taken a number and has not committed when the refresh reads. The function reads the
-- sequence first. A transaction that took a number before that has committed, or still holds a lock on the
-- sequence. In the second case the function does not keep the number, so the next call refreshes again.
-- Once a day the function compares a view with its query before it skips the refresh, as core.refresh_view does.
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
