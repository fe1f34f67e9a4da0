-- An account as readers see it: its row, plus the deltas that wait beside it.
create or replace view ledger.user_balances
with (security_invoker = true)
as
select b.tenant_id,
  b.user_id,
  b.currency,
  b.balance_minor + waiting.balance as balance_minor,
  b.reserved_minor + waiting.reserved as reserved_minor,
  b.available_minor + waiting.balance - waiting.reserved as available_minor,
  b.may_go_negative,
  b.quarantined_at,
  greatest(b.last_seq, waiting.seq) as last_seq
from ledger.user_balances_view b,
lateral (
  select coalesce(sum(d.balance_delta), 0)::bigint as balance,
    coalesce(sum(d.reserved_delta), 0)::bigint as reserved,
    max(d.seq) as seq
  from ledger.balance_deltas d
  where d.tenant_id = b.tenant_id and d.user_id = b.user_id and d.currency = b.currency
) waiting;
