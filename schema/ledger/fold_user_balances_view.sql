-- The accounts' rows, computed anew from their events. The kit puts this query into ledger.verify_user_balances_view
-- and ledger.rebuild_user_balances_view, with a condition on the events in the place of :wanted.
select account.tenant_id, account.user_id, account.currency, account.balance_minor, account.reserved_minor,
  coalesce((
    select n.event_type = 'V1_SYSTEM_OVERDRAFT_ALLOWED'
    from ledger.system_events n
    where n.tenant_id = account.tenant_id
      and n.aggregate_id = account.user_id || ':' || account.currency
      and n.event_type like 'V1_SYSTEM_OVERDRAFT_%'
    order by n.stream_version desc
    limit 1
  ), false) as may_go_negative,
  (
    select case n.event_type when 'V1_SYSTEM_ACCOUNT_QUARANTINED' then n.created_at end
    from ledger.system_events n
    where n.tenant_id = account.tenant_id
      and n.aggregate_id = account.user_id || ':' || account.currency
      and n.event_type like 'V1_SYSTEM_ACCOUNT_%'
    order by n.stream_version desc
    limit 1
  ) as quarantined_at,
  account.last_seq
from (
  select tenant_id, user_id, currency, sum(balance_delta)::bigint as balance_minor,
    sum(reserved_delta)::bigint as reserved_minor, max(seq) as last_seq
  from (
    select e.tenant_id, e.user_id, e.currency, e.balance_delta, e.reserved_delta, e.seq
    from ledger.balance_events e
    where :wanted
    union all
    select e.tenant_id, e.user_id, e.currency, 0, 0, 0
    from ledger.system_events e
    where :wanted
  ) e
  group by tenant_id, user_id, currency
) account;
