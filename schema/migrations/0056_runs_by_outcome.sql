alter table core.job_runs add column xid xid8;

create or replace function core.begin_run(job_name text, slot_at timestamptz, fired_by text) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  run bigint;
begin
  insert into core.job_runs (job, slot, trigger, started_at, xid)
  values (job_name, slot_at, fired_by, clock_timestamp(), pg_catalog.pg_current_xact_id())
  returning id into run;
  perform set_config('lockstep.run', run::text, true);
  return run;
end
$$;

create or replace function ledger.show_view_checks(most integer)
returns table (view text, drift_keys bigint, verified_at timestamptz)
language sql stable security definer
set search_path = ''
as $$
  select v.name, (
      select count(*)
      from (
        select
        from ledger.alerts a
        where a.resolved_at is null
          and a.kind = v.kind
        limit most
      ) open
    ), (select min(c.checked_at) from ledger.invariant_checks c)
  from (
    values ('ledger.user_balances_view', 'balance'), ('ledger.bets_view', 'bet'), ('ledger.payments_view', 'payment')
  ) v (name, kind)
$$;
revoke execute on function ledger.show_view_checks(integer) from public;
grant execute on function ledger.show_view_checks(integer) to lockstep_app;
