-- Trigger function: writes a decision about an account to the row that the account's commands lock, and emits it,
-- whether an operator or the invariants job decided.
create or replace function ledger.apply_notices() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  notice record;
begin
  perform ledger.create_accounts(array_agg(
    row(a.tenant_id, a.user_id, a.currency, null, null, null, null, null)::ledger.account_changes
  ))
  from (select distinct tenant_id, user_id, currency from arrived) a;
  for notice in select * from arrived order by tenant_id, user_id, currency, seq loop
    update ledger.user_balances_view b
    set may_go_negative = case notice.event_type
          when 'V1_SYSTEM_OVERDRAFT_ALLOWED' then true
          when 'V1_SYSTEM_OVERDRAFT_FORBIDDEN' then false
          else b.may_go_negative
        end,
        quarantined_at = case notice.event_type
          when 'V1_SYSTEM_ACCOUNT_QUARANTINED' then notice.created_at
          when 'V1_SYSTEM_ACCOUNT_CLEARED' then null
          else b.quarantined_at
        end
    where b.tenant_id = notice.tenant_id and b.user_id = notice.user_id and b.currency = notice.currency;
    perform core.emit('ledger', 'tenant:' || notice.tenant_id, array['account:' || notice.aggregate_id],
      array[case notice.event_type
        when 'V1_SYSTEM_ACCOUNT_QUARANTINED' then 'account.quarantined'
        when 'V1_SYSTEM_ACCOUNT_CLEARED' then 'account.cleared'
        when 'V1_SYSTEM_OVERDRAFT_ALLOWED' then 'account.overdraft_allowed'
        when 'V1_SYSTEM_OVERDRAFT_FORBIDDEN' then 'account.overdraft_forbidden'
      end],
      array[notice.event_data]);
  end loop;
  return null;
end
$$;
