create function dispatch.hot_list_8d03e323(text, bigint, bigint, text, text, text, text, text)
returns table ("orders" json)
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
  return query select coalesce(json_agg(shown), '[]'::json) as orders
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
  where o.status = $1
  order by o.created_at desc, o.id desc
  limit $2)) o
  order by o.created_at desc, o.id desc
  limit $3
) shown;
  if $4 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function dispatch.hot_list_f52074a6(text, bigint, bigint, bigint, text, text, text, text, text)
returns table ("orders" json)
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
  return query select coalesce(json_agg(shown), '[]'::json) as orders
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
  where o.status = $1 and o.store_id = $2::bigint
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

create function ledger.hot_bets_5f14ba0c(text, bigint, text, text, text, text, text)
returns table ("bet" jsonb)
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
where v.tenant_id = ledger.tenant() and v.user_id = $1
order by v.bet_id desc
limit $2;
  if $3 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;

create function ledger.hot_bets_2731db0c(text, bigint, text, text, text, text, text)
returns table ("bet" jsonb)
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
where v.tenant_id = ledger.tenant() and v.status = $1 and v.open
order by v.bet_id desc
limit $2;
  if $3 is not null then
    perform core.assert_settled();
  end if;
end
$hot$;
