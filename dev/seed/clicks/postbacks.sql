-- Four of a hundred valid clicks convert, most of them minutes or hours later, a few at once as no person does. Some are
-- rejected or reversed afterwards.
insert into clicks.orphan_postbacks (
  owner, traffic_source_id, click_id, type, txid, status, payout_minor, currency, data, received_at
)
select c.owner, c.traffic_source_id, k.id, 'sale', 'T' || k.n, s.status, case when k.n % 3 > 0 then c.payout_minor * (1 + k.n % 4) end,
  case when k.n % 3 > 0 then c.currency end, '{}', least(k.created_at + s.later, now())
from (
  select k.*, row_number() over (order by k.id) as n
  from clicks.clicks k
  where k.kind = 'click'
    and k.is_valid
) k
join clicks.campaigns c on c.id = k.campaign_id
cross join lateral (
  values
    (case when k.n % 10 < 6 then 'approved' else 'pending' end, make_interval(secs => case k.n % 25 when 0 then 1 else 40 + k.n * 7919 % 90000 end)),
    (case k.n % 10 when 5 then 'reversed' when 6 then 'rejected' when 7 then 'approved' end, make_interval(hours => 30))
) s (status, later)
where k.n * 7919 % 1009 < 40
  and s.status is not null;

-- Reported for clicks that this system has never seen.
insert into clicks.orphan_postbacks (owner, traffic_source_id, click_id, type, txid, status, data, received_at)
select s.owner, s.id, uuidv7(interval '-1 hour' * n), 'sale', 'lost-' || n, 'approved', '{}', now() - n * interval '1 hour'
from clicks.traffic_sources s
cross join generate_series(1, 6) n;
