drop view ledger.top_bets;

drop materialized view ledger.top_bets_today;

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
create unique index top_bets_today_key on ledger.top_bets_today (tenant_id, bet_id);

create view ledger.top_bets
with (security_barrier = true)
as
select bet_id, rank, user_id, amount_minor, currency, odds, selection, status, payout_minor, placed_at
from ledger.top_bets_today t
where t.tenant_id = ledger.tenant();

grant select on table ledger.top_bets to lockstep_app;
