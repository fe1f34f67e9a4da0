-- Each incremental view with the rows that the check of the invariants found to differ, at most so many, and the time of the
-- oldest check of a tenant. It returns neither tenant nor row, because those belong to the tenant.
-- Definer: the function serves all tenants.
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
