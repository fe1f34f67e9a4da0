-- ledger.tenants_summary_view for the tenant of this transaction. A materialized view has no row-level
-- security, so the Worker may read only this view.
create view ledger.tenants_summary
with (security_barrier = true)
as
select currency, bets, open_bets, stake_minor, payout_minor, deposits, deposited_minor, withdrawals, withdrawn_minor
from ledger.tenants_summary_view
where tenant_id = ledger.tenant();
