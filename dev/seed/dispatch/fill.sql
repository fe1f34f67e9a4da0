-- Ten stores, forty couriers and five hundred orders in every state, each with its events. The data is invented but valid:
-- the events of an order fold to its row, and the held boxes of a courier equal those of its live orders.

insert into dispatch.stores (name, pickup_address, lat, lng, box_limit, opens_at, closes_at, time_zone, created_at)
select
  name,
  n * 7 || ' ' || street,
  38.70 + n * 0.004,
  -9.18 + n * 0.006,
  case when n % 4 = 0 then 40 end,
  case when n % 3 > 0 then time '07:00' end,
  case when n % 3 > 0 then time '22:00' end,
  'Europe/Lisbon',
  now() - interval '30 days'
from unnest(
  array['Alder Bakery', 'Bluebell Books', 'Corner Pharmacy', 'Dockside Fish', 'Elm Street Grocer',
    'Fig & Olive', 'Garden Centre North', 'Harbour Hardware', 'Ivy Florist', 'Juniper Wines'],
  array['Market Street', 'Mill Lane', 'Station Road', 'Harbour Way', 'Elm Street',
    'Castle Hill', 'Orchard Row', 'Rope Walk', 'Church Close', 'Vine Court']
) with ordinality as made_up (name, street, n);

insert into dispatch.couriers
  (name, capacity_boxes, available, last_lat, last_lng, last_seen_at, zone, created_at)
select
  first_names[1 + n % 10] || ' ' || last_names[1 + n / 4 % 10],
  (array[8, 8, 16, 24])[1 + n % 4],
  n % 5 <> 0,
  case when n % 8 <> 0 then 38.70 + (n * 13 % 40) * 0.001 end,
  case when n % 8 <> 0 then -9.18 + (n * 29 % 60) * 0.001 end,
  case when n % 8 <> 0 then now() - n * interval '20 seconds' end,
  (array['north', 'south', 'harbour'])[1 + n % 3],
  now() - interval '20 days'
from
  generate_series(1, 40) as n,
  (select
    array['Ana', 'Bela', 'Caio', 'Dora', 'Emil', 'Fay', 'Gil', 'Hana', 'Ivo', 'Jana'],
    array['Almeida', 'Brito', 'Costa', 'Duarte', 'Esteves', 'Faria', 'Gomes', 'Horta', 'Inácio', 'Jorge']
  ) as names (first_names, last_names);

-- The events of each kind of order. The status after an event has the event's name, with three exceptions.
create temporary table demo_steps on commit drop as
with lives (kind, steps) as (values
  ('waiting', '{created}'::text[]),
  ('turned down', '{created,claimed,declined}'),
  ('offered', '{created,claimed}'),
  ('accepted', '{created,claimed,accepted}'),
  ('on its way', '{created,claimed,accepted,picked_up}'),
  ('delivered', '{created,claimed,accepted,picked_up,delivered}'),
  ('withdrawn', '{created,canceled}'),
  ('called off', '{created,claimed,accepted,canceled}'),
  ('failed', '{created,claimed,accepted,picked_up,failed}'),
  ('returned', '{created,claimed,accepted,picked_up,failed,returned}')
),
steps as (
  select
    kind,
    position,
    step as type,
    case step when 'created' then 'new' when 'declined' then 'new' when 'claimed' then 'assigned' else step end as to_status
  from lives, unnest(steps) with ordinality as taken (step, position)
)
select
  *,
  lag(to_status) over (partition by kind order by position) as from_status,
  bool_or(type = 'claimed') over (partition by kind order by position) as after_claim
from steps;

create temporary table demo_orders on commit drop as
with amounts (kind, how_many) as (values
  ('waiting', 130), ('turned down', 20), ('offered', 20), ('accepted', 40), ('on its way', 40), ('delivered', 200),
  ('withdrawn', 15), ('called off', 10), ('failed', 15), ('returned', 10)
),
drawn as (
  select kind, kind in ('offered', 'accepted', 'on its way') as held, n, row_number() over (order by kind, n) as i
  from amounts, generate_series(1, how_many) as n
),
placed as (
  select
    *,
    -- Light while held: no courier is given more than the smallest capacity.
    case when held then 1 + n % 2 when kind = 'waiting' then 1 + i * 7 % 20 else 1 + i * 7 % 8 end as boxes,
    case
      -- Claimed within the last minute, so that the lease has a minute or two left.
      when kind = 'offered' then now() - interval '6 minutes' - i * 7 % 60 * interval '1 second'
      when held or kind = 'turned down' then now() - interval '30 minutes' - i * 7 % 60 * interval '1 minute'
      when kind = 'waiting' then now() - i * 11 % 120 * interval '1 minute'
      else now() - interval '3 hours' - i * 37 % 4000 * interval '1 minute'
    end as created_at,
    row_number() over (partition by held order by i) as turn
  from drawn
),
numbered_stores as (select *, row_number() over (order by id) as n, count(*) over () as of from dispatch.stores),
numbered_couriers as (select id, row_number() over (order by id) as n, count(*) over () as of from dispatch.couriers)
select
  p.*,
  nextval(pg_get_serial_sequence('dispatch.orders', 'id')) as id,
  s.id as store_id,
  s.pickup_address,
  s.lat,
  s.lng,
  c.id as claimant
from (select * from placed order by created_at, i) p
join numbered_stores s on s.n = 1 + p.i % s.of
join numbered_couriers c on c.n = 1 + p.turn % c.of;

-- One step every six minutes.
create temporary table demo_events on commit drop as
select
  o.id as order_id,
  o.claimant,
  o.store_id,
  s.*,
  o.created_at + (s.position - 1) * interval '6 minutes' as happened_at
from demo_orders o
join demo_steps s using (kind);

insert into dispatch.orders (
  id, store_id, status, courier_id, pickup_address, delivery_address, recipient_name, phone, boxes_count, price_minor,
  pickup_lat, pickup_lng, delivery_lat, delivery_lng, ready_at, due_at, assigned_at, accepted_at, picked_up_at,
  delivered_at, canceled_at, lease_expires_at, fence, attempts, failure_reason, version, created_at
)
overriding system value
select
  o.id,
  o.store_id,
  e.status,
  case when e.status <> 'new' and e.claimed_at is not null then o.claimant end,
  o.pickup_address,
  1 + o.i % 180 || ' ' || (array['Long Lane', 'Hill Street', 'River Walk', 'Park Avenue', 'Bridge Road'])[1 + o.i % 5],
  (array['R. Silva', 'M. Santos', 'T. Lopes', 'K. Nunes', 'P. Moura', 'L. Pires', 'S. Rocha'])[1 + o.i % 7],
  '+351 910 ' || to_char(o.i, 'FM000000'),
  o.boxes,
  case when o.boxes <= 8 then 3500 when o.boxes <= 16 then 7000 else 10500 end,
  o.lat,
  o.lng,
  38.70 + (o.i * 17 % 50) * 0.001,
  -9.18 + (o.i * 31 % 70) * 0.001,
  o.created_at + interval '10 minutes',
  o.created_at + interval '2 hours',
  case when e.status <> 'new' then e.claimed_at end,
  e.accepted_at,
  e.picked_up_at,
  e.delivered_at,
  e.canceled_at,
  case when e.status = 'assigned' then e.claimed_at + interval '2 minutes' end,
  case when e.claimed_at is null then 0 else 1 end,
  case when e.failed_at is null then 0 else 1 end,
  case when e.failed_at is not null then 'nobody at home' end,
  e.steps,
  o.created_at
from demo_orders o
join lateral (
  select
    (array_agg(to_status order by position desc))[1] as status,
    count(*) as steps,
    max(happened_at) filter (where type = 'claimed') as claimed_at,
    max(happened_at) filter (where type = 'accepted') as accepted_at,
    max(happened_at) filter (where type = 'picked_up') as picked_up_at,
    max(happened_at) filter (where type = 'delivered') as delivered_at,
    max(happened_at) filter (where type = 'canceled') as canceled_at,
    max(happened_at) filter (where type = 'failed') as failed_at
  from demo_events
  where order_id = o.id
) e on true
order by o.id;

insert into dispatch.order_events
  (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data, created_at)
select
  order_id,
  type,
  from_status,
  to_status,
  case when type in ('created', 'canceled') then 'store' else 'courier' end,
  case when type in ('created', 'canceled') then store_id else claimant end,
  case when after_claim then claimant end,
  after_claim::int,
  case type when 'declined' then '{"reason": "too far"}' when 'failed' then '{"reason": "nobody at home"}' else '{}' end::jsonb,
  happened_at
from demo_events
order by happened_at, order_id, position;

insert into dispatch.order_exclusions (order_id, courier_id, reason, created_at)
select order_id, claimant, 'too far', happened_at
from demo_events
where type = 'declined';

update dispatch.couriers c
set held_boxes = live.boxes
from (
  select courier_id, sum(boxes_count)::int as boxes
  from dispatch.orders
  where status in ('assigned', 'accepted', 'picked_up')
  group by courier_id
) live
where c.id = live.courier_id;

analyze dispatch.stores, dispatch.couriers, dispatch.orders, dispatch.order_events, dispatch.order_exclusions;
