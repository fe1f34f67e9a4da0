-- The events of all four families in one shape.
create or replace view ledger.events
with (security_invoker = true)
as
select 'bets' as family, tenant_id, aggregate_id, stream_version, id, xid, seq, event_type, event_data, schema_version, idempotency_key, occurred_at, created_at, actor
from ledger.bet_events
union all
select 'payments' as family, tenant_id, aggregate_id, stream_version, id, xid, seq, event_type, event_data, schema_version, idempotency_key, occurred_at, created_at, actor
from ledger.payment_events
union all
select 'balances' as family, tenant_id, aggregate_id, stream_version, id, xid, seq, event_type, event_data, schema_version, idempotency_key, occurred_at, created_at, actor
from ledger.balance_events
union all
select 'system' as family, tenant_id, aggregate_id, stream_version, id, xid, seq, event_type, event_data, schema_version, idempotency_key, occurred_at, created_at, actor
from ledger.system_events;
