import { sql } from 'drizzle-orm'
import type { Ctx, Principal } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { hot } from '../../core/hot.ts'
import { answer, effect } from '../../core/idempotency.ts'
import type { Statement } from '../../core/named.ts'
import { recordEvent } from '../events/record.ts'
import { currency, dueTooEarly, priceMinorFor } from '../rules.ts'
import type { NewOrder, Order } from './contract.ts'
import { showOrder } from './show.ts'

export type OrderToCreate = NewOrder & { storeId: number }
export type Created = { ok: true; order: Order } | Refused

/** Creates orders and answers for each, in their order. The pickup address defaults to the store's. */
export async function createOrders(ctx: Ctx, orders: OrderToCreate[]): Promise<Created[]> {
  const { items } = await effect<{ items: Created[] }>(ctx, createStatement(ctx.principal, orders))
  return items
}

export async function createOrder(ctx: Ctx, order: OrderToCreate): Promise<Created> {
  const [created] = await createOrders(ctx, [order])
  return created ?? { ok: false, reason: 'not_found', detail: 'There is no such store' }
}

export function createStatement(principal: Principal | null, orders: OrderToCreate[]): Statement {
  // Postgres assigns ids in the order of the insert, so the nth valid item is the nth created order.
  const statement = sql`
with input as materialized (
  select a.*, s.id as "store", s.box_limit, s.pickup_address, s.lat, s.lng,
    s.id is not null
      and a."boxesCount" <= coalesce(s.box_limit, a."boxesCount")
      and coalesce(a."dueAt" >= a."readyAt", true) as valid,
    coalesce(a."dueAt" < a."readyAt", false) as due_too_early,
    coalesce(a."pickupAddress" = s.pickup_address, true) and a."pickupLat" is null as at_store
  from jsonb_to_recordset(${JSON.stringify(orders.map(asRow))}::jsonb) as a (
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
    "priceMinor", ${currency},
    case when at_store then lat else "pickupLat" end, case when at_store then lng else "pickupLng" end,
    "deliveryLat", "deliveryLng", "readyAt", "dueAt"
  from input
  where valid
  order by at
  returning *
),
logged as (${recordEvent({ type: 'created', of: 'created', from: sql`null`, by: principal })}),
numbered as (
  select a.*, row_number() over (partition by valid order by at) as nth
  from input a
)
select ${answer(sql`jsonb_build_object('items', jsonb_agg(case
  when n.valid
    then jsonb_build_object('ok', true, 'order', ${showOrder('o', principal)})
  when n.store is null
    then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such store')
  when n.due_too_early
    then jsonb_build_object('ok', false, 'reason', 'unprocessable', 'detail', ${dueTooEarly}::text)
  else jsonb_build_object('ok', false, 'reason', 'box_limit_exceeded', 'boxLimit', n.box_limit)
end order by n.at))`)}
from numbered n
left join (select c.*, row_number() over (order by c.id) as nth from created c) o on o.nth = n.nth and n.valid`
  return hot('dispatch.create', statement)
}

function asRow(order: OrderToCreate, at: number): object {
  return { at, ...order, priceMinor: priceMinorFor(order.boxesCount) }
}
