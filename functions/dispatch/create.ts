import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import type { Refused } from '../core/errors.ts'
import { answer, effect } from '../core/idempotency.ts'
import type { NewOrder, Order } from './contract.ts'
import { recordEvent } from './record.ts'
import { currency, priceMinorFor } from './rules.ts'
import { showOrder } from './show.ts'

/** Posts an order of a store; pickup is at the store unless the order says otherwise. */
export function createOrder(
  ctx: Ctx,
  order: NewOrder & { storeId: number },
): Promise<{ ok: true; order: Order } | Refused> {
  const { storeId, boxesCount } = order
  return effect(
    ctx,
    sql`
with store as (
  select *
  from dispatch.stores
  where id = ${storeId}
),
created as (
  insert into dispatch.orders (
    store_id, pickup_address, delivery_address, recipient_name, phone, boxes_count, price_minor, currency,
    pickup_lat, pickup_lng, delivery_lat, delivery_lng, ready_at, due_at
  )
  select
    store.id, coalesce(${order.pickupAddress ?? null}, store.pickup_address), ${order.deliveryAddress},
    ${order.recipientName}, ${order.phone}, ${boxesCount}, ${priceMinorFor(boxesCount)}, ${currency},
    case when ${pickedUpElsewhere(order)} then ${order.pickupLat ?? null}::float8 else store.lat end,
    case when ${pickedUpElsewhere(order)} then ${order.pickupLng ?? null}::float8 else store.lng end,
    ${order.deliveryLat ?? null}::float8, ${order.deliveryLng ?? null}::float8,
    ${order.readyAt ?? null}::timestamptz, ${order.dueAt ?? null}::timestamptz
  from store
  where ${boxesCount} <= coalesce(store.box_limit, ${boxesCount})
  returning *
),
logged as (${recordEvent({ type: 'created', of: 'created', from: sql`null`, by: ctx.principal })})
select ${answer(sql`case
  when exists (select from created)
    then (select jsonb_build_object('ok', true, 'order', ${showOrder('o', ctx.principal)}) from created o)
  when exists (select from store)
    then jsonb_build_object('ok', false, 'reason', 'box_limit_exceeded', 'boxLimit', (select box_limit from store))
  else jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such store')
end`)}`,
  )
}

/** Another address is another place: the store's coordinates would be wrong for it. */
function pickedUpElsewhere({ pickupAddress, pickupLat }: NewOrder): boolean {
  return pickupAddress !== undefined || pickupLat !== undefined
}
