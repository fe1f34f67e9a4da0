-- Takes the accounts of a command: locks them in the order given, which is that of their keys, and creates those that do
-- not exist before. Returns the created ones.
-- Race: all who take from these accounts. What is read after this call is newer than the wait.
create or replace function ledger.take_accounts(accounts ledger.account_changes[]) returns ledger.account_changes[]
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  created ledger.account_changes[] := ledger.create_accounts(accounts);
begin
  perform
  from unnest(accounts) a,
  lateral (
    select
    from ledger.user_balances_view b
    where b.tenant_id = a.tenant_id and b.user_id = a.user_id and b.currency = a.currency
    for update
  ) locked;
  return created;
end
$$;
