-- Totals of each user by currency. The query sums bets and payments apart and joins the sums by key. A join of
-- the rows would count each row several times.
create materialized view ledger.user_activity_view as
with bets as (
  select tenant_id, user_id, currency,
    count(*) as bets,
    sum(amount_minor) as stake_minor,
    coalesce(sum(payout_minor), 0) as payout_minor,
    max(placed_at) as last_bet_at
  from ledger.bets_view
  group by tenant_id, user_id, currency
),
payments as (
  select tenant_id, user_id, currency,
    coalesce(sum(amount_minor) filter (where kind = 'deposit' and status = 'completed'), 0) as deposited_minor,
    coalesce(sum(amount_minor) filter (where kind = 'withdrawal' and status = 'completed'), 0) as withdrawn_minor,
    max(requested_at) as last_payment_at
  from ledger.payments_view
  group by tenant_id, user_id, currency
)
select tenant_id, user_id, currency,
  coalesce(bets, 0) as bets,
  coalesce(stake_minor, 0) as stake_minor,
  coalesce(payout_minor, 0) as payout_minor,
  coalesce(deposited_minor, 0) as deposited_minor,
  coalesce(withdrawn_minor, 0) as withdrawn_minor,
  greatest(last_bet_at, last_payment_at) as last_seen_at
from bets
full join payments using (tenant_id, user_id, currency);
