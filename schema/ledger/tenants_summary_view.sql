-- Totals of each tenant by currency. The query sums bets and payments apart and joins the sums by key. A join
-- of the rows would count each row several times.
create materialized view ledger.tenants_summary_view as
with bets as (
  select tenant_id, currency,
    count(*) as bets,
    count(*) filter (where open) as open_bets,
    sum(amount_minor) as stake_minor,
    coalesce(sum(payout_minor), 0) as payout_minor
  from ledger.bets_view
  group by tenant_id, currency
),
payments as (
  select tenant_id, currency,
    count(*) filter (where kind = 'deposit' and status = 'completed') as deposits,
    coalesce(sum(amount_minor) filter (where kind = 'deposit' and status = 'completed'), 0) as deposited_minor,
    count(*) filter (where kind = 'withdrawal' and status = 'completed') as withdrawals,
    coalesce(sum(amount_minor) filter (where kind = 'withdrawal' and status = 'completed'), 0) as withdrawn_minor
  from ledger.payments_view
  group by tenant_id, currency
)
select tenant_id, currency,
  coalesce(bets, 0) as bets,
  coalesce(open_bets, 0) as open_bets,
  coalesce(stake_minor, 0) as stake_minor,
  coalesce(payout_minor, 0) as payout_minor,
  coalesce(deposits, 0) as deposits,
  coalesce(deposited_minor, 0) as deposited_minor,
  coalesce(withdrawals, 0) as withdrawals,
  coalesce(withdrawn_minor, 0) as withdrawn_minor
from bets
full join payments using (tenant_id, currency);
