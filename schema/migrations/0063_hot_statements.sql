drop function fleet.hot_store_d8ecf939(jsonb,text,interval,interval,text,text,text,text,text,text,text);

comment on function dispatch.hot_list_8d03e323(text,bigint,bigint,text,text,text,text,text) is 'Called by the last release only';

comment on function dispatch.hot_list_f52074a6(text,bigint,bigint,bigint,text,text,text,text,text) is 'Called by the last release only';

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
