-- Returns the tenant after the given one. The query jumps from key to key; `select distinct` would read every
-- row.
create or replace function ledger.next_tenant(after bigint) returns bigint
language sql stable
set search_path = ''
as $$
  select least(
    (select tenant_id from ledger.bets_view where tenant_id > after order by tenant_id limit 1),
    (select tenant_id from ledger.payments_view where tenant_id > after order by tenant_id limit 1),
    (select tenant_id from ledger.user_balances_view where tenant_id > after order by tenant_id limit 1)
  )
$$;
