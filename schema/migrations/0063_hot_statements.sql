drop function fleet.hot_store_d8ecf939(jsonb,text,interval,interval,text,text,text,text,text,text,text);

comment on function dispatch.hot_claim_next_03895d9b(bigint,bigint,bigint,bigint,bigint,bigint,bigint,bigint,bigint,bigint,text,boolean,boolean,double precision,text,text,text,bigint,text,text,text,text,text) is 'Called by the last release only';

comment on function dispatch.hot_list_8d03e323(text,bigint,bigint,text,text,text,text,text) is 'Called by the last release only';

comment on function dispatch.hot_list_f52074a6(text,bigint,bigint,bigint,text,text,text,text,text) is 'Called by the last release only';

comment on function dispatch.hot_read_01469553(bigint,bigint,bigint,bigint,bigint,text,text,text,text,text,text,text,text) is 'Called by the last release only';

comment on function dispatch.hot_read_3581857e(bigint,bigint,bigint,bigint,text,text,text,text,text,text,text,text) is 'Called by the last release only';

comment on function dispatch.hot_read_6b750284(bigint,bigint,bigint,bigint,bigint,bigint,text,text,text,text,text,text,text,text) is 'Called by the last release only';

create function dispatch.hot_claim_next_f4778fda(bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, text, boolean, boolean, double precision, text, text, text, bigint, bigint, bigint, text, text, text, text, text)
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
  set status = $11,
      courier_id = carrier.id,
      assigned_at = now(),
      accepted_at = case when $12::boolean then now() end,
      lease_expires_at = case when not $13::boolean then now() + make_interval(secs => $14) end,
      fence = o.fence + 1,
      version = o.version + 1
  from wanted, carrier
  where o.id = wanted.id
  returning o.*
),
logged as (
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select claimed.id, $15, 'new', claimed.status, $16, $17,
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
    when o.courier_id = $18::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end, 'oldest', (select oldest from wanted))
    from claimed o
  )
  when (select available from me) is not true then jsonb_build_object('ok', false, 'reason', 'courier_unavailable')
  when exists (select from wanted) or (
    select true
    from dispatch.orders o
    where o.status = 'assigned'
      and o.lease_expires_at <= now()
      and (o.courier_id = $19
      or o.boxes_count <= (select room from me)
      and o.id <> all (array(select order_id from dispatch.order_exclusions where courier_id = $20)))
    order by o.lease_expires_at
    limit 1
  ) then jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
  else jsonb_build_object('ok', true, 'order', null, 'oldest', false)
end) as outcome, pg_current_xact_id_if_assigned()::text as position;
  if $21 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function dispatch.hot_read_181d3bfc(bigint, bigint, bigint, bigint, bigint, text, text, text, text, text, text, text, text)
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
  select c.id, c.available
  from dispatch.couriers c
  where c.id = any (array(select courier_id from expired))
  order by c.id
  for update
),
ended as (
  select *
  from expired
  where true
),
freed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes - boxes.given_back
  from holders
  join (select courier_id, sum(boxes_count)::int as given_back from ended group by courier_id) boxes
    on boxes.courier_id = holders.id
  where c.id = holders.id
),
moved as (
  update dispatch.orders o
  set status = 'new',
      courier_id = null,
      assigned_at = null,
      lease_expires_at = null,
      version = o.version + 1
  from ended
  where o.id = ended.id
  returning o.id, o.status, o.fence, ended.courier_id
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

create function dispatch.hot_read_3dd5611f(bigint, bigint, bigint, bigint, bigint, bigint, text, text, text, text, text, text, text, text)
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
  select c.id, c.available
  from dispatch.couriers c
  where c.id = any (array(select courier_id from expired))
  order by c.id
  for update
),
ended as (
  select *
  from expired
  where true
),
freed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes - boxes.given_back
  from holders
  join (select courier_id, sum(boxes_count)::int as given_back from ended group by courier_id) boxes
    on boxes.courier_id = holders.id
  where c.id = holders.id
),
moved as (
  update dispatch.orders o
  set status = 'new',
      courier_id = null,
      assigned_at = null,
      lease_expires_at = null,
      version = o.version + 1
  from ended
  where o.id = ended.id
  returning o.id, o.status, o.fence, ended.courier_id
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

create function dispatch.hot_read_815c6dec(bigint, bigint, bigint, bigint, text, text, text, text, text, text, text, text)
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
  select c.id, c.available
  from dispatch.couriers c
  where c.id = any (array(select courier_id from expired))
  order by c.id
  for update
),
ended as (
  select *
  from expired
  where true
),
freed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes - boxes.given_back
  from holders
  join (select courier_id, sum(boxes_count)::int as given_back from ended group by courier_id) boxes
    on boxes.courier_id = holders.id
  where c.id = holders.id
),
moved as (
  update dispatch.orders o
  set status = 'new',
      courier_id = null,
      assigned_at = null,
      lease_expires_at = null,
      version = o.version + 1
  from ended
  where o.id = ended.id
  returning o.id, o.status, o.fence, ended.courier_id
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

create function dispatch.hot_list_fd4622fd(boolean, text, bigint, bigint, text, text, text, text, text)
returns table ("orders" json, "lapsed" boolean)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $9 is not null then
    perform set_config('app.tenant_id', $9, true);
  end if;
  if $5 is not null then
    perform core.begin_idempotent($5, $6, $7, $8);
  end if;
  return query select coalesce(json_agg(shown), '[]'::json) as orders,
  $1::boolean and (
    select true
    from dispatch.orders o
    where o.status = 'assigned' and o.lease_expires_at <= now()
    order by o.lease_expires_at
    limit 1
  ) as lapsed
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
        core.iso(o.created_at) as "createdAt"
  from ((
  select o.id, o.status, o.store_id, o.courier_id, o.pickup_address, o.delivery_address, o.boxes_count,
    o.price_minor, o.currency, o.ready_at, o.due_at, o.lease_expires_at, o.fence, o.version, o.created_at
  from dispatch.orders o
  where o.status = $2
  order by o.created_at desc, o.id desc
  limit $3)) o
  order by o.created_at desc, o.id desc
  limit $4
) shown;
  if $5 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function dispatch.hot_list_8374ca41(boolean, text, bigint, bigint, bigint, text, text, text, text, text)
returns table ("orders" json, "lapsed" boolean)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $10 is not null then
    perform set_config('app.tenant_id', $10, true);
  end if;
  if $6 is not null then
    perform core.begin_idempotent($6, $7, $8, $9);
  end if;
  return query select coalesce(json_agg(shown), '[]'::json) as orders,
  $1::boolean and (
    select true
    from dispatch.orders o
    where o.status = 'assigned' and o.lease_expires_at <= now()
    order by o.lease_expires_at
    limit 1
  ) as lapsed
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
        core.iso(o.created_at) as "createdAt"
  from ((
  select o.id, o.status, o.store_id, o.courier_id, o.pickup_address, o.delivery_address, o.boxes_count,
    o.price_minor, o.currency, o.ready_at, o.due_at, o.lease_expires_at, o.fence, o.version, o.created_at
  from dispatch.orders o
  where o.status = $2 and o.store_id = $3::bigint
  order by o.created_at desc, o.id desc
  limit $4)) o
  order by o.created_at desc, o.id desc
  limit $5
) shown;
  if $6 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;
