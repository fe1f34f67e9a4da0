-- The thousand largest bets of today that are open or won, by tenant and currency. Today is the UTC day of the refresh. The query
-- ranks amounts within one currency, because amounts of two currencies do not compare.
create materialized view ledger.top_bets_today as
select *
from (
  select tenant_id, bet_id,
    row_number() over (partition by tenant_id, currency order by amount_minor desc, bet_id) as rank,
    user_id, amount_minor, currency, odds, selection, status, payout_minor, placed_at
  from ledger.bets_view
  where placed_at >= date_trunc('day', now(), 'UTC')
    and placed_at < date_trunc('day', now(), 'UTC') + interval '1 day'
    and status in ('placed', 'accepted', 'won')
) ranked
where rank <= 1000;
