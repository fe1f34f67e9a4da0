drop function fleet.hot_store_d8ecf939(jsonb,text,interval,interval,text,text,text,text,text,text,text);

comment on function dispatch.hot_claim_next_03895d9b(bigint,bigint,bigint,bigint,bigint,bigint,bigint,bigint,bigint,bigint,text,boolean,boolean,double precision,text,text,text,bigint,text,text,text,text,text) is 'Called by the last release only';

comment on function dispatch.hot_list_8d03e323(text,bigint,bigint,text,text,text,text,text) is 'Called by the last release only';

comment on function dispatch.hot_list_f52074a6(text,bigint,bigint,bigint,text,text,text,text,text) is 'Called by the last release only';

comment on function dispatch.hot_read_01469553(bigint,bigint,bigint,bigint,bigint,text,text,text,text,text,text,text,text) is 'Called by the last release only';

comment on function dispatch.hot_read_3581857e(bigint,bigint,bigint,bigint,text,text,text,text,text,text,text,text) is 'Called by the last release only';

comment on function dispatch.hot_read_6b750284(bigint,bigint,bigint,bigint,bigint,bigint,text,text,text,text,text,text,text,text) is 'Called by the last release only';

comment on function fleet.hot_store_aa379f00(jsonb,text,interval,interval,text,text,text,text,text,text,text) is 'Called by the last release only';

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

create function dispatch.hot_list_e5d2a6d7(text, bigint, bigint, text, text, text, text, text)
returns table ("id" double precision, "storeId" double precision, "status" text, "courierId" double precision, "pickupAddress" text, "deliveryAddress" text, "boxesCount" integer, "priceMinor" double precision, "currency" character, "readyAt" text, "dueAt" text, "lease" jsonb, "fence" double precision, "version" integer, "createdAt" text)
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
  return query select o.id::float8,
        o.store_id::float8 as "storeId",
        o.status,
        o.courier_id::float8 as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor::float8 as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence::float8,
        o.version,
        core.iso(o.created_at) as "createdAt"
from ((
  select o.id, o.status, o.store_id, o.courier_id, o.pickup_address, o.delivery_address, o.boxes_count,
    o.price_minor, o.currency, o.ready_at, o.due_at, o.lease_expires_at, o.fence, o.version, o.created_at
  from dispatch.orders o
  where o.status = $1
  order by o.created_at desc, o.id desc
  limit $2)) o
order by o.created_at desc, o.id desc
limit $3;
  if $4 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function dispatch.hot_list_dae0d0f2(text, bigint, bigint, bigint, text, text, text, text, text)
returns table ("id" double precision, "storeId" double precision, "status" text, "courierId" double precision, "pickupAddress" text, "deliveryAddress" text, "boxesCount" integer, "priceMinor" double precision, "currency" character, "readyAt" text, "dueAt" text, "lease" jsonb, "fence" double precision, "version" integer, "createdAt" text)
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
  return query select o.id::float8,
        o.store_id::float8 as "storeId",
        o.status,
        o.courier_id::float8 as "courierId",
        o.pickup_address as "pickupAddress",
        o.delivery_address as "deliveryAddress",
        o.boxes_count as "boxesCount",
        o.price_minor::float8 as "priceMinor",
        o.currency,
        core.iso(o.ready_at) as "readyAt",
        core.iso(o.due_at) as "dueAt",
        case
          when o.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(o.lease_expires_at), 'fence', o.fence)
        end as lease,
        o.fence::float8,
        o.version,
        core.iso(o.created_at) as "createdAt"
from ((
  select o.id, o.status, o.store_id, o.courier_id, o.pickup_address, o.delivery_address, o.boxes_count,
    o.price_minor, o.currency, o.ready_at, o.due_at, o.lease_expires_at, o.fence, o.version, o.created_at
  from dispatch.orders o
  where o.status = $1 and o.store_id = $2::bigint
  order by o.created_at desc, o.id desc
  limit $3)) o
order by o.created_at desc, o.id desc
limit $4;
  if $5 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function fleet.hot_store_fcb81ac1(jsonb, text, interval, interval, text, text, text, text, text, text, text)
returns table ("messages" integer)
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
  return query with messages as materialized (
  select distinct on (source, n) source, n, at, answered, items, shared
  from jsonb_to_recordset($1::jsonb)
    as m (source uuid, n int, at timestamptz, answered bigint, items jsonb, shared jsonb)
  order by source, n),
fresh as (
  insert into core.ingest_messages (stream, source, n, at, answered, items)
  select $2::text, source, n, at, answered, jsonb_array_length(items)
  from messages
  order by source, n
  on conflict do nothing
  returning source, n, at, answered, items, false as was_dead
),

arrived as materialized (
  select f.source, f.n, f.at, m.items, m.shared
  from fresh f
  join messages m using (source, n)
),


heads as materialized (
  select source, n, at as received_at, shared, (shared ->> 'tenant')::bigint as tenant_id
  from arrived
),
known_nodes as materialized (
  select h.source, h.n, (w.place - 1)::int as place, w.uid, node.id as node_id, node.tenant_id,
    exists (select from fleet.calibrations c where c.node_id = node.id) as is_calibrated
  from heads h
  cross join lateral jsonb_array_elements_text(h.shared -> 'nodes') with ordinality as w (uid, place)
  left join fleet.nodes node on node.uid = w.uid
    and (h.tenant_id is null or node.tenant_id = h.tenant_id)
    and node.lifecycle <> 'DECOMMISSIONED'
),
known_metrics as materialized (
  select h.source, h.n, (w.place - 1)::int as place, w.named ->> 0 as metric, w.named ->> 1 as sent_unit, m.id as metric_id,
    m.unit, m.min, m.max, m.max_rate, m.stuck_after, m.rest_value, m.late_after
  from heads h
  cross join lateral jsonb_array_elements(h.shared -> 'metrics') with ordinality as w (named, place)
  left join fleet.metrics m on m.name = w.named ->> 0
),
items as materialized (
  select a.source, a.n, a.at as received_at, e.pos, e.item, jsonb_typeof(e.item) as kind,
    (e.item ->> 0)::int as node_place, (e.item ->> 1)::int as metric_place,
    to_timestamp((e.item ->> 2)::float8 / 1000) as sent_ts,
    coalesce(to_timestamp((e.item ->> 2)::float8 / 1000), a.at) as ts, (e.item ->> 3)::float8 as raw,
    coalesce(e.item ->> 4, '') as channel, e.item ->> 5 as sent_quality,
    coalesce(e.item ->> 6, e.item ->> 'reject')::uuid as reject_id
  from arrived a
  cross join lateral jsonb_array_elements(a.items) with ordinality as e (item, pos)
),
numbered as materialized (
  select k.node_id, h.source, h.n, h.shared ->> 'boot' as boot_id, (h.shared ->> 'seq')::int as seq, h.received_at,
    (select min(i.ts) from items i where i.source = h.source and i.n = h.n) as first_at,
    row_number() over (
      partition by k.node_id, h.shared ->> 'boot', h.shared ->> 'seq' order by h.source, h.n
    ) as turn
  from heads h
  join known_nodes k using (source, n)
  where h.shared ->> 'seq' is not null
    and k.place = 0
    and k.node_id is not null
),
booted as (
  insert into fleet.node_boots as b (node_id, boot_id, first_at, last_at, seen)
  select node_id, boot_id, coalesce(min(first_at), min(received_at)), max(received_at), range_agg(int4range(seq, seq, '[]'))
  from numbered
  group by node_id, boot_id
  order by node_id, boot_id
  on conflict (node_id, boot_id) do update
  set seen = b.seen + excluded.seen, last_at = greatest(b.last_at, excluded.last_at),
    first_at = least(b.first_at, excluded.first_at)
  returning node_id, boot_id, old.seen as seen_before
),
repeated as materialized (
  select m.source, m.n
  from numbered m
  join booted b using (node_id, boot_id)
  where m.turn > 1
    or b.seen_before @> m.seq
),
-- Race: two messages replay the same rejects. They are locked in one order, and always after the boots.
rejected_before as materialized (
  select r.id
  from fleet.telemetry_rejects r
  where r.id = any(array(select reject_id from items where reject_id is not null))
    and r.replayed_at is null
    and (select count(*) from booted) >= 0
  order by r.id
  for no key update
),
claimed as (
  update fleet.telemetry_rejects r
  set replayed_at = now()
  where r.id = any(array(select id from rejected_before))
    and r.replayed_at is null
  returning r.id
),
sent as materialized (
  select i.source, i.n, i.pos, i.received_at, coalesce(k.tenant_id, h.tenant_id, 0) as tenant_id, k.node_id, m.metric_id,
    i.channel, i.ts, i.raw, c.value, i.sent_quality, m.max_rate, m.stuck_after, m.rest_value, m.late_after,
    case
      when i.reject_id is not null and i.reject_id not in (select id from claimed) then 'duplicate'
      when i.kind = 'object' then i.item ->> 'reason'
      when i.node_place is null then 'thinned'
      when i.sent_ts is null and (i.source, i.n) in (select source, n from repeated) then 'duplicate'
      when k.node_id is null then 'unknown_node'
      when m.metric_id is null then 'unknown_metric'
      when m.sent_unit <> m.unit then 'unit_mismatch'
      when i.ts < now() - $3::interval then 'too_old'
      when i.ts > now() + $4::interval then 'in_future'
      when c.value < m.min or c.value > m.max then 'out_of_range'
    end as reason
  from items i
  join heads h using (source, n)
  left join known_nodes k on (k.source, k.n, k.place) = (i.source, i.n, i.node_place)
  left join known_metrics m on (m.source, m.n, m.place) = (i.source, i.n, i.metric_place)
  left join lateral (
    select gain, shift
    from fleet.calibrations
    where k.is_calibrated
      and node_id = k.node_id
      and metric_id = m.metric_id
      and channel = i.channel
      and from_at <= i.ts
    order by from_at desc
    limit 1
  ) line on true
  cross join lateral (select i.raw * coalesce(line.gain, 1) + coalesce(line.shift, 0) as value) c
),
keyed as materialized (
  select *, row_number() over key as turn, first_value(raw) over key as first_raw
  from sent
  where reason is null
  window key as (partition by node_id, metric_id, channel, ts order by source, n, pos)
),
followed as (
  select k.*, l.same_since,
    coalesce(lag(k.value) over series, l.value) as value_before, coalesce(lag(k.ts) over series, l.ts) as ts_before
  from keyed k
  left join fleet.telemetry_last l on l.node_id = k.node_id
    and l.metric_id = k.metric_id
    and l.channel = k.channel
    and l.ts < k.ts
  where k.turn = 1
  window series as (partition by k.node_id, k.metric_id, k.channel order by k.ts)
),
timed as (
  select *,
    coalesce(
      max(case when value is distinct from value_before then ts end)
        over (partition by node_id, metric_id, channel order by ts),
      same_since
    ) as since
  from followed
),
judged as materialized (
  select *,
    case
      when sent_quality = 'suspect' then 'suspect'
      when abs(value - value_before) > max_rate * extract(epoch from ts - ts_before)::float8 then 'suspect'
      when value = value_before
        and extract(epoch from ts - since)::float8 > stuck_after
        and value is distinct from rest_value then 'stuck'
      else 'good'
    end as quality
  from timed
),
stored as (
  insert into fleet.telemetry_samples as t
    (node_id, metric_id, channel, ts, value, raw, quality, received_at)
  select node_id, metric_id, channel, ts, value, raw, quality, received_at
  from judged
  where (select count(*) from booted) >= 0
  order by node_id, metric_id, channel, ts
  on conflict (node_id, metric_id, channel, ts) do update
  set conflicts = least(t.conflicts::int + 1, 32767)
  where t.raw is distinct from excluded.raw
  returning node_id, metric_id, channel, ts, old.ts is null as is_new
),
-- A window instead of a join: Postgres expects few rows here and would compare each with each.
settled as materialized (
  select *
  from (
    select source, n, tenant_id, received_at, node_id, metric_id, channel, ts, value, raw, quality, since, late_after,
      max(is_new) over (partition by node_id, metric_id, channel, ts) as is_new
    from (
      select source, n, tenant_id, received_at, node_id, metric_id, channel, ts, value, raw, quality, since, late_after,
        null::int as is_new
      from judged
      union all
      select null, null, null, null, node_id, metric_id, channel, ts, null, null, null, null, null, is_new::int
      from stored
    ) side
  ) joined
  where source is not null
),
newest as (
  insert into fleet.telemetry_last as t
    (node_id, metric_id, channel, ts, value, raw, quality, same_since, received_at)
  select distinct on (node_id, metric_id, channel) node_id, metric_id, channel, ts, value, raw, quality, since,
    received_at
  from settled
  where is_new = 1
  order by node_id, metric_id, channel, ts desc
  on conflict (node_id, metric_id, channel) do update
  set ts = excluded.ts, value = excluded.value, raw = excluded.raw, quality = excluded.quality,
    same_since = excluded.same_since, received_at = excluded.received_at
  where excluded.ts > t.ts
  returning 1
),
minutes as (
  insert into fleet.telemetry_1m as t
    (node_id, metric_id, channel, minute, n, sum, min, max, last, last_ts)
  select node_id, metric_id, channel, date_trunc('minute', ts, 'UTC'), count(*), sum(value), min(value), max(value),
    (array_agg(value order by ts desc))[1], max(ts)
  from settled
  where is_new = 1
    and (select count(*) from newest) >= 0
  group by 1, 2, 3, 4
  order by 1, 2, 3, 4
  on conflict (node_id, metric_id, channel, minute) do update
  set n = t.n + excluded.n, sum = t.sum + excluded.sum, min = least(t.min, excluded.min),
    max = greatest(t.max, excluded.max),
    last = case when excluded.last_ts > t.last_ts then excluded.last else t.last end,
    last_ts = greatest(t.last_ts, excluded.last_ts), folded = false
  returning 1
),
rejects as (
  insert into fleet.telemetry_rejects (tenant_id, node_uid, reason, sample, received_at)
  select s.tenant_id, coalesce(k.uid, i.item ->> 'node'), s.reason,
    case i.kind
      when 'object' then i.item -> 'sample'
      else jsonb_strip_nulls(jsonb_build_object(
        'nodeUid', k.uid, 'metric', m.metric, 'ts', core.iso(i.ts), 'value', i.raw, 'unit', m.sent_unit,
        'channel', nullif(i.channel, ''), 'quality', i.sent_quality
      ))
    end,
    s.received_at
  from sent s
  join items i using (source, n, pos)
  left join known_nodes k on (k.source, k.n, k.place) = (i.source, i.n, i.node_place)
  left join known_metrics m on (m.source, m.n, m.place) = (i.source, i.n, i.metric_place)
  where s.reason not in ('duplicate', 'thinned')
  returning 1
),
fates as materialized (
  select source, n, tenant_id, received_at, count(*) as items, count(*) filter (where fate = 'accepted') as accepted,
    count(*) filter (where fate = 'late') as late,
    count(*) filter (where fate in ('duplicate', 'conflicting')) as duplicate,
    count(*) filter (where fate = 'conflicting') as conflicting, count(*) filter (where fate = 'thinned') as thinned,
    count(*) filter (where fate = 'rejected') as rejected
  from (
    select source, n, tenant_id, received_at,
      case
        when is_new = 1 and ts < received_at - make_interval(secs => late_after) then 'late'
        when is_new = 1 then 'accepted'
        when is_new = 0 then 'conflicting'
        else 'duplicate'
      end as fate
    from settled
    union all
    select source, n, tenant_id, received_at, case when raw = first_raw then 'duplicate' else 'conflicting' end
    from keyed
    where turn > 1
    union all
    select source, n, tenant_id, received_at, case when reason in ('duplicate', 'thinned') then reason else 'rejected' end
    from sent
    where reason is not null
  ) fated
  group by source, n, tenant_id, received_at
),
tallied as (
  insert into fleet.telemetry_minutes as t
    (tenant_id, minute, received, accepted, duplicate, conflicting, late, rejected, thinned)
  select tenant_id, date_trunc('minute', received_at, 'UTC'), sum(items), sum(accepted), sum(duplicate),
    sum(conflicting), sum(late), sum(rejected), sum(thinned)
  from fates
  where (select count(*) from minutes) >= 0
  group by 1, 2
  order by 1, 2
  on conflict (tenant_id, minute) do update
  set received = t.received + excluded.received, accepted = t.accepted + excluded.accepted,
    duplicate = t.duplicate + excluded.duplicate, conflicting = t.conflicting + excluded.conflicting,
    late = t.late + excluded.late, rejected = t.rejected + excluded.rejected, thinned = t.thinned + excluded.thinned
  returning 1
),
-- Another statement that has the row notes the contact, or the next batch does.
due as materialized (
  select n.id, k.received_at, least(k.gen, n.gen) as gen
  from (
    select k.node_id, max(h.received_at) as received_at, coalesce(max((h.shared ->> 'gen')::int), 0) as gen
    from known_nodes k
    join heads h using (source, n)
    where k.node_id is not null
      and (select count(*) from tallied) >= 0
    group by k.node_id
  ) k
  join fleet.nodes n on n.id = k.node_id
  where k.received_at > now() - interval '10 minutes'
    and (
      n.last_seen_at is null
      or n.last_seen_at < k.received_at - interval '10 seconds'
      or n.used_gen < least(k.gen, n.gen)
      or n.lifecycle in ('ASSIGNED_TO_ZONE', 'DEGRADED')
    )
  for no key update of n skip locked
),
seen as (
  update fleet.nodes node
  set last_seen_at = greatest(node.last_seen_at, due.received_at), used_gen = greatest(node.used_gen, due.gen),
    version = node.version + (node.lifecycle in ('ASSIGNED_TO_ZONE', 'DEGRADED'))::int,
    lifecycle = case when node.lifecycle in ('ASSIGNED_TO_ZONE', 'DEGRADED') then 'ACTIVE' else node.lifecycle end
  from due
  where node.id = due.id
  returning 1
),
outcome as (
  select source, n, sum(accepted + late) as stored, sum(duplicate) as duplicate, sum(rejected + thinned) as rejected
  from fates
  where (select count(*) from seen) >= 0
  group by source, n
),
accounted as (select source, n, stored, duplicate, rejected, 0 as dead from outcome),

counted_sources as (
  insert into core.ingest_sources as s (stream, source, answered, items, messages, last_at)
  select $5::text, source, max(answered), sum(items), count(*), max(at)
  from fresh
  where not was_dead
  group by source
  order by source
  on conflict (stream, source) do update
  set answered = greatest(s.answered, excluded.answered), items = s.items + excluded.items,
    messages = s.messages + excluded.messages, last_at = greatest(s.last_at, excluded.last_at), received_at = now()
  returning 1
),
counted_minutes as (
  insert into core.ingest_minutes as m (stream, minute, items, stored, duplicate, rejected, dead)
  select $6::text, date_trunc('minute', f.at), coalesce(sum(f.items) filter (where not f.was_dead), 0),
    coalesce(sum(a.stored), 0), coalesce(sum(a.duplicate), 0), coalesce(sum(a.rejected), 0),
    coalesce(sum(a.dead), 0) - coalesce(sum(f.items) filter (where f.was_dead), 0)
  from fresh f
  left join accounted a using (source, n)
  cross join (select count(*) from counted_sources) locked_before
  group by 2
  order by 2
  on conflict (stream, minute) do update
  set items = m.items + excluded.items, stored = m.stored + excluded.stored,
    duplicate = m.duplicate + excluded.duplicate, rejected = m.rejected + excluded.rejected,
    dead = m.dead + excluded.dead
  returning 1
)
select count(*)::int as messages from fresh;
  if $7 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;
