import { sql } from 'drizzle-orm'
import type { Principal } from '../core/context.ts'
import type { Outgoing } from '../core/outbox.ts'
import type { Feed } from '../core/stream.ts'
import type { HeardEvent } from './contract.ts'
import { showEvent, showOrder } from './orders/show.ts'

/** What happens to orders, each event with the order as it is when the event is read. */
export const orderFeed: Feed = {
  name: 'dispatch',
  table: sql`dispatch.order_events`,
  tables: ['dispatch.order_events'],
  sequence: 'dispatch.order_events_id_seq',
  seq: 'id',
  joined: sql`join dispatch.orders o on o.id = e.order_id`,
  event: sql`${showEvent} || jsonb_build_object('order', ${showOrder('o', null)})`,
}

/** An event and the whole order, as the feed has them. */
export type OrderHappening = Omit<HeardEvent, 'order'> & { order: NonNullable<HeardEvent['order']> }

/** What one who listens hears of it: the same that they could read. Null when it is not for them. */
export function heardBy(
  event: OrderHappening,
  principal: Principal,
): { type: string; data: HeardEvent } | null {
  const { type, order } = event
  if (principal.role === 'admin') return { type, data: event }
  if (principal.role === 'store') return order.storeId === principal.id ? { type, data: event } : null
  if (principal.role !== 'courier') return null
  const data = heardByCourier(event, principal.id)
  return data && { type, data }
}

/** A courier hears what becomes available or ceases to be, without who did it; and everything about its own orders. */
function heardByCourier(event: OrderHappening, courierId: number): HeardEvent | null {
  const order = seenByCourier(event.order, courierId)
  if (event.courierId === courierId || event.data['formerCourierId'] === courierId) return { ...event, order }
  if (event.fromStatus !== 'new' && event.toStatus !== 'new') return null
  const actor = { role: event.actor.role, id: null }
  return { ...event, actor, courierId: null, data: {}, order }
}

function seenByCourier(order: OrderHappening['order'], courierId: number): HeardEvent['order'] {
  if (order.courierId === courierId) return order
  if (order.status !== 'new') return null
  const { recipientName: _recipient, phone: _phone, ...available } = order
  return available
}

/**
 * What webhooks hear of orders. A delivery may be undone for a while, so neither it nor its undoing is told: what is told
 * as `order.delivered` is that it became final.
 */
export const orderOutgoing: Outgoing = {
  feed: orderFeed,
  where: sql`e.type not in ('delivered', 'delivery_undone')`,
  type: sql`case e.type when 'settled' then 'order.delivered' else 'order.' || e.type end`,
  subject: sql`'order:' || e.order_id`,
  audience: sql`'store:' || o.store_id`,
  data: sql`${showEvent} || jsonb_build_object('order', ${showOrder('o', null)})`,
}
