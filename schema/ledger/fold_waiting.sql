-- Folds waiting deltas of at most `most` accounts into the accounts' rows.
-- Race: a transaction that debits one of these accounts. The function skips an account whose row is locked, and
-- the next call folds it. Definer: the function serves all tenants at once and returns only a number.
create or replace function ledger.fold_waiting(most integer) returns bigint
language plpgsql security definer
set search_path = ''
as $$
declare
  free ledger.account_changes[];
begin
  select array_agg(row(b.tenant_id, b.user_id, b.currency, null, null, null, null, null)::ledger.account_changes)
  into free
  from (select distinct tenant_id, user_id, currency from ledger.balance_deltas order by 1, 2, 3 limit most) d,
  lateral (
    select *
    from ledger.user_balances_view b
    where b.tenant_id = d.tenant_id
      and b.user_id = d.user_id
      and b.currency = d.currency
    for update skip locked
  ) b;
  perform ledger.fold_deltas(free);
  return coalesce(cardinality(free), 0);
end
$$;
