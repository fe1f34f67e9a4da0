-- ledger.user_activity_view for the tenant of this transaction. A materialized view has no row-level security,
-- so the Worker may read only this view.
create view ledger.user_activity
with (security_barrier = true)
as
select user_id, currency, bets, stake_minor, payout_minor, deposited_minor, withdrawn_minor, last_seen_at
from ledger.user_activity_view
where tenant_id = ledger.tenant();
