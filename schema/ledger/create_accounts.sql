-- Creates the accounts that do not exist yet, and returns them.
-- Race: two commands that share an account which exists and one which does not. Every command of more than one account
-- creates the missing ones before it takes those that exist, each in the order of the keys. If one command created
-- first and another took first, each could hold what the other waits for.
create or replace function ledger.create_accounts(accounts ledger.account_changes[]) returns ledger.account_changes[]
language sql
set search_path = ''
set enable_seqscan = off
as $$
  with created as (
    insert into ledger.user_balances_view (tenant_id, user_id, currency)
    select a.tenant_id, a.user_id, a.currency
    from unnest(accounts) a
    where not exists (
      select
      from ledger.user_balances_view b
      where b.tenant_id = a.tenant_id and b.user_id = a.user_id and b.currency = a.currency
    )
    order by a.tenant_id, a.user_id, a.currency
    on conflict do nothing
    returning tenant_id, user_id, currency
  )
  select array_agg(row(c.tenant_id, c.user_id, c.currency, null, null, null, null, null)::ledger.account_changes)
  from created c
$$;
