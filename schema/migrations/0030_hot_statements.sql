create function dispatch.hot_create_24c7d2b2(jsonb, character, text, text, text, text, text, text, text, text, text)
returns table ("outcome" jsonb, "position" text)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $11 is not null then
    perform set_config('app.tenant_id', $11, true);
  end if;
  if $7 is not null then
    perform core.begin_idempotent($7, $8, $9, $10);
  end if;
  return query with input as materialized (
  select a.*, s.id as "store", s.box_limit, s.pickup_address, s.lat, s.lng,
    s.id is not null
      and a."boxesCount" <= coalesce(s.box_limit, a."boxesCount")
      and coalesce(a."dueAt" >= a."readyAt", true) as valid,
    coalesce(a."dueAt" < a."readyAt", false) as due_too_early,
    coalesce(a."pickupAddress" = s.pickup_address, true) and a."pickupLat" is null as at_store
  from jsonb_to_recordset($1::jsonb) as a (
    at int, "storeId" bigint, "pickupAddress" text, "deliveryAddress" text, "recipientName" text, "phone" text,
    "boxesCount" int, "priceMinor" bigint, "pickupLat" float8, "pickupLng" float8,
    "deliveryLat" float8, "deliveryLng" float8, "readyAt" timestamptz, "dueAt" timestamptz
  )
  left join dispatch.stores s on s.id = a."storeId"
),
created as (
  insert into dispatch.orders (
    store_id, pickup_address, delivery_address, recipient_name, phone, boxes_count, price_minor, currency,
    pickup_lat, pickup_lng, delivery_lat, delivery_lng, ready_at, due_at
  )
  select
    store, coalesce("pickupAddress", pickup_address), "deliveryAddress", "recipientName", "phone", "boxesCount",
    "priceMinor", $2,
    case when at_store then lat else "pickupLat" end, case when at_store then lng else "pickupLng" end,
    "deliveryLat", "deliveryLng", "readyAt", "dueAt"
  from input
  where valid
  order by at
  returning *
),
logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select created.id, $3, null, created.status, $4, $5,
    created.courier_id, created.fence, '{}'::jsonb
  from created),
numbered as (
  select a.*, row_number() over (partition by valid order by at) as nth
  from input a
)
select core.settled(jsonb_build_object('items', jsonb_agg(case
  when n.valid
    then jsonb_build_object('ok', true, 'order', (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ))
  when n.store is null
    then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such store')
  when n.due_too_early
    then jsonb_build_object('ok', false, 'reason', 'unprocessable', 'detail', $6::text)
  else jsonb_build_object('ok', false, 'reason', 'box_limit_exceeded', 'boxLimit', n.box_limit)
end order by n.at))) as outcome, pg_current_xact_id_if_assigned()::text as position
from numbered n
left join (select c.*, row_number() over (order by c.id) as nth from created c) o on o.nth = n.nth and n.valid;
  if $7 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function dispatch.hot_claim_297f8ef3(bigint, bigint, bigint, bigint, bigint, bigint, double precision, text, text, text, bigint, bigint, bigint, bigint, bigint, text, text, text, text, text)
returns table ("outcome" jsonb, "position" text)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $20 is not null then
    perform set_config('app.tenant_id', $20, true);
  end if;
  if $16 is not null then
    perform core.begin_idempotent($16, $17, $18, $19);
  end if;
  return query with seen as materialized (
  select o.status, o.version, o.lease_expires_at, x.order_id is not null as excluded,
    o.courier_id is not distinct from $1::bigint as own
  from dispatch.orders o
  left join dispatch.order_exclusions x on x.order_id = o.id and x.courier_id = $2
  where o.id = $3
),
wanted as (
  
  select o.*
  from dispatch.orders o
  where o.id = $4
    and (o.status = 'new' or o.status = 'assigned' and o.courier_id = $5 and o.lease_expires_at > now())
    and not (select excluded from seen)
  for update
),
carrier as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes + wanted.boxes_count
  from wanted, seen
  where wanted.status = 'new'
    and c.id = $6
    and c.available
    and c.held_boxes + wanted.boxes_count <= c.capacity_boxes
    and wanted.version = seen.version
  returning c.id
),
claimed as (
  update dispatch.orders o
  set status = 'assigned',
      courier_id = carrier.id,
      assigned_at = now(),
      lease_expires_at = now() + make_interval(secs => $7),
      fence = o.fence + 1,
      version = o.version + 1
  from wanted, carrier
  where o.id = wanted.id
  returning o.*
),
logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select claimed.id, $8, 'new', claimed.status, $9, $10,
    claimed.courier_id, claimed.fence, '{}'::jsonb
  from claimed),
decided as materialized (
  select case
    when exists (select from claimed)
      then (select jsonb_build_object('ok', true, 'order', (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) - case
    when o.courier_id = $11::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end) from claimed o)
    when seen.status is null
      then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such order')
    when wanted.status = 'assigned'
      then (select jsonb_build_object('ok', true, 'order', (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) - case
    when o.courier_id = $12::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end) from wanted o)
    when wanted.version <> seen.version or seen.status = 'assigned' and seen.lease_expires_at <= now()
      then jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
    when seen.own
      then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', seen.status, 'to', 'assigned')
    when seen.excluded
      then jsonb_build_object('ok', false, 'reason', 'excluded')
    when wanted.id is null
      then jsonb_build_object('ok', false, 'reason', 'order_taken')
    when c.available is not true
      then jsonb_build_object('ok', false, 'reason', 'courier_unavailable')
    when c.held_boxes + wanted.boxes_count > c.capacity_boxes
      then jsonb_build_object('ok', false, 'reason', 'courier_at_capacity', 'capacityBoxes', c.capacity_boxes)
    else jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
  end as outcome
  from (select) as always
  left join seen on true
  left join wanted on true
  left join dispatch.couriers c on c.id = $13
),
lost as (
  insert into dispatch.lost_claims as l (order_id, courier_id)
  select $14, $15
  from decided
  where outcome ->> 'reason' = 'order_taken'
  on conflict (order_id, courier_id) do update
  set times = l.times + 1, last_at = now()
)
select core.settled(outcome) as outcome, pg_current_xact_id_if_assigned()::text as position
from decided;
  if $16 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function dispatch.hot_claim_next_e016e0d6(bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, double precision, text, text, text, bigint, text, text, text, text, text)
returns table ("outcome" jsonb, "position" text)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $20 is not null then
    perform set_config('app.tenant_id', $20, true);
  end if;
  if $16 is not null then
    perform core.begin_idempotent($16, $17, $18, $19);
  end if;
  return query with me as materialized (
  select c.available,
    c.capacity_boxes - c.held_boxes as room,
    dispatch.on_sphere(c.last_lat, c.last_lng) as at
  from dispatch.couriers c
  where c.id = $1
),
nearest as (
  select o.id, o.boxes_count, o.version
  from dispatch.orders o
  where (select available and at is not null from me)
    and o.pickup_lat is not null
    and o.status = 'new'
    and o.courier_id is null
    and o.boxes_count <= (select room from me)
    and o.id <> all (array(select order_id from dispatch.order_exclusions where courier_id = $2))
  order by dispatch.on_sphere(o.pickup_lat, o.pickup_lng) operator(public.<->) (select at from me)
  limit $3
  for update skip locked
),
oldest as (
  select o.id, o.boxes_count, o.version
  from dispatch.orders o
  where (select available from me)
    and not exists (select from nearest)
    and o.id > $4
    and o.status = 'new'
    and o.courier_id is null
    and o.boxes_count <= (select room from me)
    and o.id <> all (array(select order_id from dispatch.order_exclusions where courier_id = $5))
  order by o.id
  limit $6
  for update skip locked
),
older as (
  select o.id, o.boxes_count, o.version
  from dispatch.orders o
  where (select available from me)
    and not exists (select from nearest)
    and not exists (select from oldest)
    and o.id <= $7
    and o.status = 'new'
    and o.courier_id is null
    and o.boxes_count <= (select room from me)
    and o.id <> all (array(select order_id from dispatch.order_exclusions where courier_id = $8))
  order by o.id
  limit $9
  for update skip locked
),
wanted as (
  select *, false as oldest from nearest
  union all
  select *, true from oldest
  union all
  select *, false from older
),
carrier as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes + wanted.boxes_count
  from wanted
  where c.id = $10
    and c.available
    and c.held_boxes + wanted.boxes_count <= c.capacity_boxes
    and wanted.version = (select o.version from dispatch.orders o where o.id = wanted.id)
  returning c.id
),
claimed as (
  update dispatch.orders o
  set status = 'assigned',
      courier_id = carrier.id,
      assigned_at = now(),
      lease_expires_at = now() + make_interval(secs => $11),
      fence = o.fence + 1,
      version = o.version + 1
  from wanted, carrier
  where o.id = wanted.id
  returning o.*
),
logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select claimed.id, $12, 'new', claimed.status, $13, $14,
    claimed.courier_id, claimed.fence, '{}'::jsonb
  from claimed)
select core.settled(case
  when exists (select from claimed) then (
    select jsonb_build_object('ok', true, 'order', (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) - case
    when o.courier_id = $15::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end, 'oldest', (select oldest from wanted))
    from claimed o
  )
  when (select available from me) is not true then jsonb_build_object('ok', false, 'reason', 'courier_unavailable')
  when exists (select from wanted) then jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
  else jsonb_build_object('ok', true, 'order', null, 'oldest', false)
end) as outcome, pg_current_xact_id_if_assigned()::text as position;
  if $16 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function dispatch.hot_accepted_568a2dcc(bigint, bigint, bigint, bigint, text[], text, text, text, text, bigint, text, bigint, bigint, bigint, bigint, bigint, bigint, text[], text, text, text, text, text, text)
returns table ("outcome" jsonb, "position" text)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $24 is not null then
    perform set_config('app.tenant_id', $24, true);
  end if;
  if $20 is not null then
    perform core.begin_idempotent($20, $21, $22, $23);
  end if;
  return query with seen as materialized (
  select o.status, o.courier_id, o.fence, o.lease_expires_at
  from dispatch.orders o
  where o.id = $1
),
wanted as (
  
  select o.id, o.status, o.boxes_count
  from dispatch.orders o
  where o.id = $2
    and o.courier_id = $3
    and o.fence = $4
    and o.status = any ($5::text[])
    and (o.lease_expires_at is null or o.lease_expires_at > now())
  for update
),

moved as (
  update dispatch.orders o
  set status = $6,
      accepted_at = now(), lease_expires_at = null,
      version = o.version + 1
  from wanted
  where o.id = wanted.id
  returning o.*, wanted.status as from_status
),

logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select moved.id, $7, moved.from_status, moved.status, $8, $9,
    $10::bigint, moved.fence, jsonb_strip_nulls(jsonb_build_object('reason', $11::text))
  from moved)
select core.settled(case
  when exists (select from moved)
    then (select jsonb_build_object('ok', true, 'order', (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) - case
    when o.courier_id = $12::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end) from moved o)
  when seen.courier_id is distinct from $13 and not exists (
    select from dispatch.order_events e where e.order_id = $14 and e.courier_id = $15
  ) then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'You hold no such order')
  when seen.fence <> $16 or seen.courier_id <> $17
    then jsonb_build_object('ok', false, 'reason', 'stale_fence')
  when seen.status <> all ($18::text[])
    then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', seen.status, 'to', $19::text)
  when seen.lease_expires_at <= now()
    then jsonb_build_object('ok', false, 'reason', 'lease_expired')
  else jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
end) as outcome, pg_current_xact_id_if_assigned()::text as position
from (select) as always
left join seen on true;
  if $20 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function dispatch.hot_picked_up_a901d17d(bigint, bigint, bigint, bigint, text[], text, text, text, text, bigint, text, bigint, bigint, bigint, bigint, bigint, bigint, text[], text, text, text, text, text, text)
returns table ("outcome" jsonb, "position" text)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $24 is not null then
    perform set_config('app.tenant_id', $24, true);
  end if;
  if $20 is not null then
    perform core.begin_idempotent($20, $21, $22, $23);
  end if;
  return query with seen as materialized (
  select o.status, o.courier_id, o.fence, o.lease_expires_at
  from dispatch.orders o
  where o.id = $1
),
wanted as (
  
  select o.id, o.status, o.boxes_count
  from dispatch.orders o
  where o.id = $2
    and o.courier_id = $3
    and o.fence = $4
    and o.status = any ($5::text[])
    and (o.lease_expires_at is null or o.lease_expires_at > now())
  for update
),

moved as (
  update dispatch.orders o
  set status = $6,
      picked_up_at = now(),
      version = o.version + 1
  from wanted
  where o.id = wanted.id
  returning o.*, wanted.status as from_status
),

logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select moved.id, $7, moved.from_status, moved.status, $8, $9,
    $10::bigint, moved.fence, jsonb_strip_nulls(jsonb_build_object('reason', $11::text))
  from moved)
select core.settled(case
  when exists (select from moved)
    then (select jsonb_build_object('ok', true, 'order', (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) - case
    when o.courier_id = $12::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end) from moved o)
  when seen.courier_id is distinct from $13 and not exists (
    select from dispatch.order_events e where e.order_id = $14 and e.courier_id = $15
  ) then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'You hold no such order')
  when seen.fence <> $16 or seen.courier_id <> $17
    then jsonb_build_object('ok', false, 'reason', 'stale_fence')
  when seen.status <> all ($18::text[])
    then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', seen.status, 'to', $19::text)
  when seen.lease_expires_at <= now()
    then jsonb_build_object('ok', false, 'reason', 'lease_expired')
  else jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
end) as outcome, pg_current_xact_id_if_assigned()::text as position
from (select) as always
left join seen on true;
  if $20 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function dispatch.hot_delivered_5d1a44f4(bigint, bigint, bigint, bigint, text[], bigint, text, text, text, text, bigint, text, bigint, bigint, bigint, bigint, bigint, bigint, text[], text, text, text, text, text, text)
returns table ("outcome" jsonb, "position" text)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $25 is not null then
    perform set_config('app.tenant_id', $25, true);
  end if;
  if $21 is not null then
    perform core.begin_idempotent($21, $22, $23, $24);
  end if;
  return query with seen as materialized (
  select o.status, o.courier_id, o.fence, o.lease_expires_at
  from dispatch.orders o
  where o.id = $1
),
wanted as (
  
  select o.id, o.status, o.boxes_count
  from dispatch.orders o
  where o.id = $2
    and o.courier_id = $3
    and o.fence = $4
    and o.status = any ($5::text[])
    and (o.lease_expires_at is null or o.lease_expires_at > now())
  for update
),
freed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes - wanted.boxes_count
  from wanted
  where c.id = $6
),
moved as (
  update dispatch.orders o
  set status = $7,
      delivered_at = now(),
      version = o.version + 1
  from wanted
  where o.id = wanted.id
  returning o.*, wanted.status as from_status
),

logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select moved.id, $8, moved.from_status, moved.status, $9, $10,
    $11::bigint, moved.fence, jsonb_strip_nulls(jsonb_build_object('reason', $12::text))
  from moved)
select core.settled(case
  when exists (select from moved)
    then (select jsonb_build_object('ok', true, 'order', (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) - case
    when o.courier_id = $13::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end) from moved o)
  when seen.courier_id is distinct from $14 and not exists (
    select from dispatch.order_events e where e.order_id = $15 and e.courier_id = $16
  ) then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'You hold no such order')
  when seen.fence <> $17 or seen.courier_id <> $18
    then jsonb_build_object('ok', false, 'reason', 'stale_fence')
  when seen.status <> all ($19::text[])
    then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', seen.status, 'to', $20::text)
  when seen.lease_expires_at <= now()
    then jsonb_build_object('ok', false, 'reason', 'lease_expired')
  else jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
end) as outcome, pg_current_xact_id_if_assigned()::text as position
from (select) as always
left join seen on true;
  if $21 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function dispatch.hot_read_01469553(bigint, bigint, bigint, bigint, bigint, text, text, text, text, text, text, text, text)
returns table ("order" jsonb)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $13 is not null then
    perform set_config('app.tenant_id', $13, true);
  end if;
  if $9 is not null then
    perform core.begin_idempotent($9, $10, $11, $12);
  end if;
  if exists (
  select from dispatch.orders o
  where o.id = $3
    and o.status = 'assigned'
    and o.lease_expires_at <= now()
) then
with expired as (
  select o.id, o.courier_id, o.boxes_count
  from dispatch.orders o
  where o.status = 'assigned'
    and o.lease_expires_at <= now()
    and o.id = $4
  order by o.lease_expires_at
  limit $5
  for update skip locked
),
holders as materialized (
  select c.id
  from dispatch.couriers c
  where c.id in (select courier_id from expired)
  order by c.id
  for update
),
freed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes - boxes.given_back
  from (select courier_id, sum(boxes_count)::int as given_back from expired group by courier_id) boxes
  where c.id = boxes.courier_id
    and c.id in (select id from holders)
),
moved as (
  update dispatch.orders o
  set status = 'new',
      courier_id = null,
      assigned_at = null,
      lease_expires_at = null,
      version = o.version + 1
  from expired
  where o.id = expired.id
  returning o.id, o.status, o.fence, expired.courier_id
),
logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select moved.id, $6, 'assigned', moved.status, $7, $8,
    moved.courier_id, moved.fence, '{}'::jsonb
  from moved)
select core.settled(jsonb_build_object('rows', (select count(*) from moved))) as outcome, pg_current_xact_id_if_assigned()::text as position into ignored;
  end if;
  return query select (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) as order
from dispatch.orders o
where o.id = $1
  and o.store_id = $2::bigint;
  if $9 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function dispatch.hot_read_6b750284(bigint, bigint, bigint, bigint, bigint, bigint, text, text, text, text, text, text, text, text)
returns table ("order" jsonb)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $14 is not null then
    perform set_config('app.tenant_id', $14, true);
  end if;
  if $10 is not null then
    perform core.begin_idempotent($10, $11, $12, $13);
  end if;
  if exists (
  select from dispatch.orders o
  where o.id = $4
    and o.status = 'assigned'
    and o.lease_expires_at <= now()
) then
with expired as (
  select o.id, o.courier_id, o.boxes_count
  from dispatch.orders o
  where o.status = 'assigned'
    and o.lease_expires_at <= now()
    and o.id = $5
  order by o.lease_expires_at
  limit $6
  for update skip locked
),
holders as materialized (
  select c.id
  from dispatch.couriers c
  where c.id in (select courier_id from expired)
  order by c.id
  for update
),
freed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes - boxes.given_back
  from (select courier_id, sum(boxes_count)::int as given_back from expired group by courier_id) boxes
  where c.id = boxes.courier_id
    and c.id in (select id from holders)
),
moved as (
  update dispatch.orders o
  set status = 'new',
      courier_id = null,
      assigned_at = null,
      lease_expires_at = null,
      version = o.version + 1
  from expired
  where o.id = expired.id
  returning o.id, o.status, o.fence, expired.courier_id
),
logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select moved.id, $7, 'assigned', moved.status, $8, $9,
    moved.courier_id, moved.fence, '{}'::jsonb
  from moved)
select core.settled(jsonb_build_object('rows', (select count(*) from moved))) as outcome, pg_current_xact_id_if_assigned()::text as position into ignored;
  end if;
  return query select (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) - case
    when o.courier_id = $1::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end as order
from dispatch.orders o
where o.id = $2
  and (o.status = 'new' or o.courier_id = $3::bigint);
  if $10 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function dispatch.hot_read_3581857e(bigint, bigint, bigint, bigint, text, text, text, text, text, text, text, text)
returns table ("order" jsonb)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $12 is not null then
    perform set_config('app.tenant_id', $12, true);
  end if;
  if $8 is not null then
    perform core.begin_idempotent($8, $9, $10, $11);
  end if;
  if exists (
  select from dispatch.orders o
  where o.id = $2
    and o.status = 'assigned'
    and o.lease_expires_at <= now()
) then
with expired as (
  select o.id, o.courier_id, o.boxes_count
  from dispatch.orders o
  where o.status = 'assigned'
    and o.lease_expires_at <= now()
    and o.id = $3
  order by o.lease_expires_at
  limit $4
  for update skip locked
),
holders as materialized (
  select c.id
  from dispatch.couriers c
  where c.id in (select courier_id from expired)
  order by c.id
  for update
),
freed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes - boxes.given_back
  from (select courier_id, sum(boxes_count)::int as given_back from expired group by courier_id) boxes
  where c.id = boxes.courier_id
    and c.id in (select id from holders)
),
moved as (
  update dispatch.orders o
  set status = 'new',
      courier_id = null,
      assigned_at = null,
      lease_expires_at = null,
      version = o.version + 1
  from expired
  where o.id = expired.id
  returning o.id, o.status, o.fence, expired.courier_id
),
logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select moved.id, $5, 'assigned', moved.status, $6, $7,
    moved.courier_id, moved.fence, '{}'::jsonb
  from moved)
select core.settled(jsonb_build_object('rows', (select count(*) from moved))) as outcome, pg_current_xact_id_if_assigned()::text as position into ignored;
  end if;
  return query select (
    select to_jsonb(shown)
    from (
      select o.id,
        o.store_id as "storeId",
        o.status,
        o.courier_id as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence,
        o.version,
        core.iso(o.created_at) as "createdAt",
        o.recipient_name as "recipientName",
        o.phone,
        o.pickup_lat as "pickupLat",
        o.pickup_lng as "pickupLng",
        o.delivery_lat as "deliveryLat",
        o.delivery_lng as "deliveryLng",
        core.iso(o.assigned_at) as "assignedAt",
        core.iso(o.accepted_at) as "acceptedAt",
        core.iso(o.picked_up_at) as "pickedUpAt",
        core.iso(o.delivered_at) as "deliveredAt",
        core.iso(o.canceled_at) as "canceledAt",
        core.iso(o.settled_at) as "settledAt",
        o.attempts,
        o.failure_reason as "failureReason"
    ) shown
  ) as order
from dispatch.orders o
where o.id = $1
  and true;
  if $8 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function ledger.hot_place_d7e2e1f0(text, text, bigint, jsonb, text, timestamp with time zone, text, text, bigint, text, text, text, text, text, text, text, text, text)
returns table ("outcome" jsonb, "position" text)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $18 is not null then
    perform set_config('app.tenant_id', $18, true);
  end if;
  if $14 is not null then
    perform core.begin_idempotent($14, $15, $16, $17);
  end if;
  return query with 
account as (
  
  select b.*
  from ledger.user_balances_view b
  where b.tenant_id = ledger.tenant()
    and (b.user_id, b.currency) = ($1, $2)
    and true
  for update
),
waiting as (
  
  select d.balance_delta - d.reserved_delta as minor
  from account a
  join ledger.balance_deltas d on d.tenant_id = a.tenant_id and d.user_id = a.user_id and d.currency = a.currency
  for update
),
decided as materialized (
  select uuidv7()::text as bet_id,
    case
      when a.quarantined_at is not null
      then jsonb_build_object('ok', false, 'reason', 'quarantined')
      when funds.minor < $3::bigint
      then jsonb_build_object('ok', false, 'reason', 'insufficient_funds', 'availableMinor', funds.minor)
    end as refused
  from (select) as always
  left join account a on true
  cross join lateral (
    select coalesce(a.available_minor, 0) + coalesce((select sum(minor) from waiting), 0)::bigint as minor
  ) funds
),
placed as (
  insert into ledger.bet_events
    (tenant_id, aggregate_id, stream_version, event_type, event_data, idempotency_key, occurred_at, actor)
  select ledger.tenant(), bet_id, 1, 'V1_BETS_BET_PLACED', $4::jsonb,
    $5, coalesce($6::timestamptz, clock_timestamp()), $7
  from decided
  where refused is null
  returning *
),
reserved as (
  insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, occurred_at, actor)
  select tenant_id, aggregate_id, 1, 'V1_BALANCES_BALANCE_RESERVED',
    jsonb_build_object(
      'userId', event_data -> 'userId', 'currency', event_data -> 'currency', 'amountMinor', event_data -> 'stakeMinor'
    ),
    occurred_at, actor
  from placed
),
bet as (
  select aggregate_id as bet_id, $8::text as user_id, $9::bigint as amount_minor,
    $10::text as currency, $11::text as odds, $12::text as selection, 'placed' as status,
    null::bigint as payout_minor, occurred_at as placed_at, null::timestamptz as settled_at, stream_version
  from placed
),
emitted as (
  insert into core.outbox (topic, audience, subject, type, data)
  select $13, 'tenant:' || ledger.tenant(), 'bet:' || "bet".bet_id, 'bet.' || "bet".status, jsonb_build_object(
    'id', bet.bet_id,
    'userId', bet.user_id,
    'stakeMinor', bet.amount_minor,
    'currency', bet.currency,
    'odds', bet.odds::text,
    'selection', bet.selection,
    'status', bet.status,
    'payoutMinor', bet.payout_minor,
    'placedAt', core.iso(bet.placed_at),
    'settledAt', core.iso(bet.settled_at),
    'streamVersion', bet.stream_version
  )
  from "bet")
select core.settled(coalesce(
  (select jsonb_build_object('ok', true, 'value', jsonb_build_object(
    'id', bet.bet_id,
    'userId', bet.user_id,
    'stakeMinor', bet.amount_minor,
    'currency', bet.currency,
    'odds', bet.odds::text,
    'selection', bet.selection,
    'status', bet.status,
    'payoutMinor', bet.payout_minor,
    'placedAt', core.iso(bet.placed_at),
    'settledAt', core.iso(bet.settled_at),
    'streamVersion', bet.stream_version
  )) from bet),
  (select refused from decided)
)) as outcome, pg_current_xact_id_if_assigned()::text as position;
  if $14 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function ledger.hot_transition_bet_d13584f6(text, integer, text, text, boolean, boolean, boolean, numeric, numeric, text, boolean, jsonb, text, text, boolean, text, boolean, boolean, text, text, text, text, text, text)
returns table ("outcome" jsonb, "position" text)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $24 is not null then
    perform set_config('app.tenant_id', $24, true);
  end if;
  if $20 is not null then
    perform core.begin_idempotent($20, $21, $22, $23);
  end if;
  return query with bet as (
  
  select v.*
  from ledger.bets_view v
  where v.tenant_id = ledger.tenant()
    and v.bet_id = $1
  for update
),
decided as materialized (
  select b.*, held.events, net.minor as net_minor, paid.minor as returned_minor,
    case
      when $2::integer <> b.stream_version
      then jsonb_build_object('ok', false, 'reason', 'version_conflict', 'current', b.stream_version)
      when not ledger.bet_may_become(b.status, $3)
      then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', b.status, 'to', $4::text)
      when $5 and held.minor is distinct from b.amount_minor
      then jsonb_build_object('ok', false, 'reason', 'hold_missing')
      when $6 and net.minor < 0 and a.quarantined_at is not null
      then jsonb_build_object('ok', false, 'reason', 'quarantined')
      when $7 and (paid.minor > $8::numeric or coalesce(a.balance_minor, 0) + net.minor > $9::numeric)
      then jsonb_build_object('ok', false, 'reason', 'amount_out_of_range')
    end as refused
  from bet b
  left join ledger.user_balances a
    on a.tenant_id = b.tenant_id and a.user_id = b.user_id and a.currency = b.currency
  cross join lateral (
    select count(*)::integer as events, sum(e.reserved_delta) as minor
    from ledger.balance_events e
    where e.tenant_id = b.tenant_id
      and e.aggregate_id = b.bet_id
  ) held
  cross join lateral (select b.amount_minor::numeric as minor) paid
  cross join lateral (select paid.minor - b.amount_minor as minor) net
),
moved as (
  insert into ledger.bet_events (tenant_id, aggregate_id, stream_version, event_type, event_data, idempotency_key, actor)
  select tenant_id, bet_id, stream_version + 1, $10,
    case when $11 then jsonb_build_object('payoutMinor', returned_minor) else $12::jsonb end,
    $13, $14
  from decided
  where refused is null
  returning *
),
posted as (
  insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, occurred_at, actor)
  select d.tenant_id, d.bet_id, d.events + posting.step, posting.type,
    jsonb_build_object('userId', d.user_id, 'currency', d.currency, 'amountMinor', posting.minor),
    moved.occurred_at, moved.actor
  from moved
  join decided d on true
  cross join lateral (
    values
      (1, 'V1_BALANCES_BALANCE_RELEASED', d.amount_minor::numeric),
      (2, case when d.net_minor > 0 then 'V1_BALANCES_BALANCE_CREDITED' else 'V1_BALANCES_BALANCE_DEBITED' end, abs(d.net_minor))
  ) posting (step, type, minor)
  where $15
    and posting.minor > 0
  order by posting.step
),
after as (
  select d.bet_id, d.user_id, d.amount_minor, d.currency, d.odds, d.selection, $16::text as status,
    case when $17 then d.returned_minor end as payout_minor, d.placed_at,
    case when $18 then moved.occurred_at end as settled_at, moved.stream_version
  from moved
  join decided d on true
),
emitted as (
  insert into core.outbox (topic, audience, subject, type, data)
  select $19, 'tenant:' || ledger.tenant(), 'bet:' || "after".bet_id, 'bet.' || "after".status, jsonb_build_object(
    'id', after.bet_id,
    'userId', after.user_id,
    'stakeMinor', after.amount_minor,
    'currency', after.currency,
    'odds', after.odds::text,
    'selection', after.selection,
    'status', after.status,
    'payoutMinor', after.payout_minor,
    'placedAt', core.iso(after.placed_at),
    'settledAt', core.iso(after.settled_at),
    'streamVersion', after.stream_version
  )
  from "after")
select core.settled(coalesce(
  (select jsonb_build_object('ok', true, 'value', jsonb_build_object(
    'id', after.bet_id,
    'userId', after.user_id,
    'stakeMinor', after.amount_minor,
    'currency', after.currency,
    'odds', after.odds::text,
    'selection', after.selection,
    'status', after.status,
    'payoutMinor', after.payout_minor,
    'placedAt', core.iso(after.placed_at),
    'settledAt', core.iso(after.settled_at),
    'streamVersion', after.stream_version
  )) from after),
  (select refused from decided),
  jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such bet')
)) as outcome, pg_current_xact_id_if_assigned()::text as position;
  if $20 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function ledger.hot_transition_bet_80498aa6(text, integer, text, text, boolean, boolean, boolean, numeric, numeric, text, boolean, jsonb, text, text, boolean, text, boolean, boolean, text, text, text, text, text, text)
returns table ("outcome" jsonb, "position" text)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $24 is not null then
    perform set_config('app.tenant_id', $24, true);
  end if;
  if $20 is not null then
    perform core.begin_idempotent($20, $21, $22, $23);
  end if;
  return query with bet as (
  
  select v.*
  from ledger.bets_view v
  where v.tenant_id = ledger.tenant()
    and v.bet_id = $1
  for update
),
decided as materialized (
  select b.*, held.events, net.minor as net_minor, paid.minor as returned_minor,
    case
      when $2::integer <> b.stream_version
      then jsonb_build_object('ok', false, 'reason', 'version_conflict', 'current', b.stream_version)
      when not ledger.bet_may_become(b.status, $3)
      then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', b.status, 'to', $4::text)
      when $5 and held.minor is distinct from b.amount_minor
      then jsonb_build_object('ok', false, 'reason', 'hold_missing')
      when $6 and net.minor < 0 and a.quarantined_at is not null
      then jsonb_build_object('ok', false, 'reason', 'quarantined')
      when $7 and (paid.minor > $8::numeric or coalesce(a.balance_minor, 0) + net.minor > $9::numeric)
      then jsonb_build_object('ok', false, 'reason', 'amount_out_of_range')
    end as refused
  from bet b
  left join ledger.user_balances a
    on a.tenant_id = b.tenant_id and a.user_id = b.user_id and a.currency = b.currency
  cross join lateral (
    select count(*)::integer as events, sum(e.reserved_delta) as minor
    from ledger.balance_events e
    where e.tenant_id = b.tenant_id
      and e.aggregate_id = b.bet_id
  ) held
  cross join lateral (select ledger.payout_of(b.amount_minor, b.odds) as minor) paid
  cross join lateral (select paid.minor - b.amount_minor as minor) net
),
moved as (
  insert into ledger.bet_events (tenant_id, aggregate_id, stream_version, event_type, event_data, idempotency_key, actor)
  select tenant_id, bet_id, stream_version + 1, $10,
    case when $11 then jsonb_build_object('payoutMinor', returned_minor) else $12::jsonb end,
    $13, $14
  from decided
  where refused is null
  returning *
),
posted as (
  insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, occurred_at, actor)
  select d.tenant_id, d.bet_id, d.events + posting.step, posting.type,
    jsonb_build_object('userId', d.user_id, 'currency', d.currency, 'amountMinor', posting.minor),
    moved.occurred_at, moved.actor
  from moved
  join decided d on true
  cross join lateral (
    values
      (1, 'V1_BALANCES_BALANCE_RELEASED', d.amount_minor::numeric),
      (2, case when d.net_minor > 0 then 'V1_BALANCES_BALANCE_CREDITED' else 'V1_BALANCES_BALANCE_DEBITED' end, abs(d.net_minor))
  ) posting (step, type, minor)
  where $15
    and posting.minor > 0
  order by posting.step
),
after as (
  select d.bet_id, d.user_id, d.amount_minor, d.currency, d.odds, d.selection, $16::text as status,
    case when $17 then d.returned_minor end as payout_minor, d.placed_at,
    case when $18 then moved.occurred_at end as settled_at, moved.stream_version
  from moved
  join decided d on true
),
emitted as (
  insert into core.outbox (topic, audience, subject, type, data)
  select $19, 'tenant:' || ledger.tenant(), 'bet:' || "after".bet_id, 'bet.' || "after".status, jsonb_build_object(
    'id', after.bet_id,
    'userId', after.user_id,
    'stakeMinor', after.amount_minor,
    'currency', after.currency,
    'odds', after.odds::text,
    'selection', after.selection,
    'status', after.status,
    'payoutMinor', after.payout_minor,
    'placedAt', core.iso(after.placed_at),
    'settledAt', core.iso(after.settled_at),
    'streamVersion', after.stream_version
  )
  from "after")
select core.settled(coalesce(
  (select jsonb_build_object('ok', true, 'value', jsonb_build_object(
    'id', after.bet_id,
    'userId', after.user_id,
    'stakeMinor', after.amount_minor,
    'currency', after.currency,
    'odds', after.odds::text,
    'selection', after.selection,
    'status', after.status,
    'payoutMinor', after.payout_minor,
    'placedAt', core.iso(after.placed_at),
    'settledAt', core.iso(after.settled_at),
    'streamVersion', after.stream_version
  )) from after),
  (select refused from decided),
  jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such bet')
)) as outcome, pg_current_xact_id_if_assigned()::text as position;
  if $20 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function ledger.hot_transition_bet_c49128bc(text, integer, text, text, boolean, boolean, boolean, numeric, numeric, text, boolean, jsonb, text, text, boolean, text, boolean, boolean, text, text, text, text, text, text)
returns table ("outcome" jsonb, "position" text)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $24 is not null then
    perform set_config('app.tenant_id', $24, true);
  end if;
  if $20 is not null then
    perform core.begin_idempotent($20, $21, $22, $23);
  end if;
  return query with bet as (
  
  select v.*
  from ledger.bets_view v
  where v.tenant_id = ledger.tenant()
    and v.bet_id = $1
  for update
),
decided as materialized (
  select b.*, held.events, net.minor as net_minor, paid.minor as returned_minor,
    case
      when $2::integer <> b.stream_version
      then jsonb_build_object('ok', false, 'reason', 'version_conflict', 'current', b.stream_version)
      when not ledger.bet_may_become(b.status, $3)
      then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', b.status, 'to', $4::text)
      when $5 and held.minor is distinct from b.amount_minor
      then jsonb_build_object('ok', false, 'reason', 'hold_missing')
      when $6 and net.minor < 0 and a.quarantined_at is not null
      then jsonb_build_object('ok', false, 'reason', 'quarantined')
      when $7 and (paid.minor > $8::numeric or coalesce(a.balance_minor, 0) + net.minor > $9::numeric)
      then jsonb_build_object('ok', false, 'reason', 'amount_out_of_range')
    end as refused
  from bet b
  left join ledger.user_balances a
    on a.tenant_id = b.tenant_id and a.user_id = b.user_id and a.currency = b.currency
  cross join lateral (
    select count(*)::integer as events, sum(e.reserved_delta) as minor
    from ledger.balance_events e
    where e.tenant_id = b.tenant_id
      and e.aggregate_id = b.bet_id
  ) held
  cross join lateral (select 0::numeric as minor) paid
  cross join lateral (select paid.minor - b.amount_minor as minor) net
),
moved as (
  insert into ledger.bet_events (tenant_id, aggregate_id, stream_version, event_type, event_data, idempotency_key, actor)
  select tenant_id, bet_id, stream_version + 1, $10,
    case when $11 then jsonb_build_object('payoutMinor', returned_minor) else $12::jsonb end,
    $13, $14
  from decided
  where refused is null
  returning *
),
posted as (
  insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, occurred_at, actor)
  select d.tenant_id, d.bet_id, d.events + posting.step, posting.type,
    jsonb_build_object('userId', d.user_id, 'currency', d.currency, 'amountMinor', posting.minor),
    moved.occurred_at, moved.actor
  from moved
  join decided d on true
  cross join lateral (
    values
      (1, 'V1_BALANCES_BALANCE_RELEASED', d.amount_minor::numeric),
      (2, case when d.net_minor > 0 then 'V1_BALANCES_BALANCE_CREDITED' else 'V1_BALANCES_BALANCE_DEBITED' end, abs(d.net_minor))
  ) posting (step, type, minor)
  where $15
    and posting.minor > 0
  order by posting.step
),
after as (
  select d.bet_id, d.user_id, d.amount_minor, d.currency, d.odds, d.selection, $16::text as status,
    case when $17 then d.returned_minor end as payout_minor, d.placed_at,
    case when $18 then moved.occurred_at end as settled_at, moved.stream_version
  from moved
  join decided d on true
),
emitted as (
  insert into core.outbox (topic, audience, subject, type, data)
  select $19, 'tenant:' || ledger.tenant(), 'bet:' || "after".bet_id, 'bet.' || "after".status, jsonb_build_object(
    'id', after.bet_id,
    'userId', after.user_id,
    'stakeMinor', after.amount_minor,
    'currency', after.currency,
    'odds', after.odds::text,
    'selection', after.selection,
    'status', after.status,
    'payoutMinor', after.payout_minor,
    'placedAt', core.iso(after.placed_at),
    'settledAt', core.iso(after.settled_at),
    'streamVersion', after.stream_version
  )
  from "after")
select core.settled(coalesce(
  (select jsonb_build_object('ok', true, 'value', jsonb_build_object(
    'id', after.bet_id,
    'userId', after.user_id,
    'stakeMinor', after.amount_minor,
    'currency', after.currency,
    'odds', after.odds::text,
    'selection', after.selection,
    'status', after.status,
    'payoutMinor', after.payout_minor,
    'placedAt', core.iso(after.placed_at),
    'settledAt', core.iso(after.settled_at),
    'streamVersion', after.stream_version
  )) from after),
  (select refused from decided),
  jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such bet')
)) as outcome, pg_current_xact_id_if_assigned()::text as position;
  if $20 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function ledger.hot_transfer_3f1134c7(jsonb, boolean, text, text, text, text, text, text)
returns table ("outcome" jsonb, "position" text)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $8 is not null then
    perform set_config('app.tenant_id', $8, true);
  end if;
  if $4 is not null then
    perform core.begin_idempotent($4, $5, $6, $7);
  end if;
  return query select core.settled(ledger.transfer($1::jsonb, $2, $3)) as outcome, pg_current_xact_id_if_assigned()::text as position;
  if $4 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function ledger.hot_append_1d912bbf(jsonb, text, text, text, text, text, text)
returns table ("outcome" jsonb, "position" text)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $7 is not null then
    perform set_config('app.tenant_id', $7, true);
  end if;
  if $3 is not null then
    perform core.begin_idempotent($3, $4, $5, $6);
  end if;
  return query select core.settled(ledger.append_events($1::jsonb, $2)) as outcome, pg_current_xact_id_if_assigned()::text as position;
  if $3 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function ledger.hot_read_bet_ac4e0438(text, text, text, text, text, text)
returns table ("bet" jsonb)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $6 is not null then
    perform set_config('app.tenant_id', $6, true);
  end if;
  if $2 is not null then
    perform core.begin_idempotent($2, $3, $4, $5);
  end if;
  return query select jsonb_build_object(
    'id', v.bet_id,
    'userId', v.user_id,
    'stakeMinor', v.amount_minor,
    'currency', v.currency,
    'odds', v.odds::text,
    'selection', v.selection,
    'status', v.status,
    'payoutMinor', v.payout_minor,
    'placedAt', core.iso(v.placed_at),
    'settledAt', core.iso(v.settled_at),
    'streamVersion', v.stream_version
  ) as bet
from ledger.bets_view v
where v.tenant_id = ledger.tenant()
  and v.bet_id = $1;
  if $2 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function ledger.hot_read_balances_dea1e7a0(text, text, text, text, text, text)
returns table ("balance" jsonb)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $6 is not null then
    perform set_config('app.tenant_id', $6, true);
  end if;
  if $2 is not null then
    perform core.begin_idempotent($2, $3, $4, $5);
  end if;
  return query select jsonb_build_object(
  'currency', b.currency,
  'balanceMinor', b.balance_minor,
  'reservedMinor', b.reserved_minor,
  'availableMinor', b.available_minor,
  'mayGoNegative', b.may_go_negative,
  'quarantined', b.quarantined_at is not null
) as balance
from ledger.user_balances b
where b.tenant_id = ledger.tenant()
  and b.user_id = $1
order by b.currency
limit 200;
  if $2 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;
