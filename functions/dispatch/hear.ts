import type { Principal } from '../core/context.ts'
import type { HeardEvent } from './contract.ts'

/** An event and the whole order, as the feed has them. */
export type OrderHappening = Omit<HeardEvent, 'order'> & { order: NonNullable<HeardEvent['order']> }

/** What one who listens hears of it: the same that they could read. Null when it is not for them. */
export function heardBy(
  event: OrderHappening,
  { role, sub }: Principal,
): { type: string; data: HeardEvent } | null {
  const { type, order } = event
  if (role === 'admin') return { type, data: event }
  if (role === 'store') return order.storeId === Number(sub) ? { type, data: event } : null
  if (role !== 'courier') return null
  const data = heardByCourier(event, Number(sub))
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
