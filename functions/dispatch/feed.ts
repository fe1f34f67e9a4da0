import { sql } from 'drizzle-orm'
import type { Principal } from '../core/context.ts'
import type { Outgoing } from '../core/outbox.ts'
import type { Feed } from '../core/stream.ts'
import type { StreamedEvent } from './events/contract.ts'
import { showEvent } from './events/show.ts'
import { showOrder } from './orders/show.ts'

/** Every order event, with the order in its state at the time of the read. */
export const orderFeed: Feed = {
  name: 'dispatch',
  table: sql`dispatch.order_events`,
  tables: ['dispatch.order_events'],
  sequence: 'dispatch.order_events_id_seq',
  seq: 'id',
  joined: sql`join dispatch.orders o on o.id = e.order_id`,
  event: sql`${showEvent} || jsonb_build_object('order', ${showOrder('o', null)})`,
}

/** An event with the whole order, as the feed reads it. */
export type FeedEvent = Omit<StreamedEvent, 'order'> & { order: NonNullable<StreamedEvent['order']> }

/** The event as this subscriber may see it, with the same fields that a read would show; null if it may not. */
export function eventFor(
  event: FeedEvent,
  principal: Principal,
): { type: string; data: StreamedEvent } | null {
  const { type, order } = event
  if (principal.role === 'admin') return { type, data: event }
  if (principal.role === 'store') return order.storeId === principal.id ? { type, data: event } : null
  if (principal.role !== 'courier') return null
  const data = eventForCourier(event, principal.id)
  return data && { type, data }
}

/** A courier sees all events of its own orders. Of other orders it sees, without the actor, those from or to `new`. */
function eventForCourier(event: FeedEvent, courierId: number): StreamedEvent | null {
  const order = orderForCourier(event.order, courierId)
  if (event.courierId === courierId || event.data['formerCourierId'] === courierId) return { ...event, order }
  if (event.fromStatus !== 'new' && event.toStatus !== 'new') return null
  const actor = { role: event.actor.role, id: null }
  return { ...event, actor, courierId: null, data: {}, order }
}

function orderForCourier(order: FeedEvent['order'], courierId: number): StreamedEvent['order'] {
  if (order.courierId === courierId) return order
  if (order.status !== 'new') return null
  const { recipientName: _recipient, phone: _phone, ...available } = order
  return available
}

/**
 * The events that webhooks receive. A delivery can be undone for a while, so neither the delivery nor its undo is sent:
 * webhooks receive `order.delivered` when the delivery becomes final.
 */
export const orderOutgoing: Outgoing = {
  feed: orderFeed,
  where: sql`e.type not in ('delivered', 'delivery_undone')`,
  type: sql`case e.type when 'settled' then 'order.delivered' else 'order.' || e.type end`,
  subject: sql`'order:' || e.order_id`,
  audience: sql`'store:' || o.store_id`,
  data: sql`${showEvent} || jsonb_build_object('order', ${showOrder('o', null)})`,
}
