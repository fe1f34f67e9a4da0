-- ledger.top_bets_today for the tenant of this transaction. A materialized view has no row-level security, so
-- the Worker may read only this view.
create view ledger.top_bets
with (security_barrier = true)
as
select bet_id, rank, user_id, amount_minor, currency, odds, selection, status, payout_minor, placed_at
from ledger.top_bets_today t
where t.tenant_id = ledger.tenant();
