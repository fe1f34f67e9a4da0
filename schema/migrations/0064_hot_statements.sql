drop function fleet.hot_store_d8ecf939(jsonb,text,interval,interval,text,text,text,text,text,text,text);

comment on function dispatch.hot_claim_next_03895d9b(bigint,bigint,bigint,bigint,bigint,bigint,bigint,bigint,bigint,bigint,text,boolean,boolean,double precision,text,text,text,bigint,text,text,text,text,text) is 'Called by the last release only';

create function dispatch.hot_claim_next_315b8450(bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, text, boolean, boolean, double precision, text, text, text, bigint, text, text, text, text, text)
returns table ("outcome" jsonb, "position" text)
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if $23 is not null then
    perform set_config('app.tenant_id', $23, true);
  end if;
  if $19 is not null then
    perform core.begin_idempotent($19, $20, $21, $22);
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
  when exists (select from wanted)
    or exists (select from dispatch.orders where status = 'assigned' and lease_expires_at <= now()) then jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
  else jsonb_build_object('ok', true, 'order', null, 'oldest', false)
end) as outcome, pg_current_xact_id_if_assigned()::text as position;
  if $19 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;
