-- Removes the accounts that this transaction created for events which it did not write in the end.
create or replace function ledger.drop_untouched(created ledger.account_changes[]) returns void
language sql
set search_path = ''
set enable_seqscan = off
as $$
  delete from ledger.user_balances_view b
  using unnest(created) c
  where b.tenant_id = c.tenant_id
    and b.user_id = c.user_id
    and b.currency = c.currency
    and b.last_seq = 0
$$;
