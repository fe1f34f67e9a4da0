import type { z } from 'zod'
import type { ListedOrder, Order } from '../../functions/dispatch/orders/contract.ts'
import type { Tone } from '../parts/badge.tsx'

export type Listed = z.infer<typeof ListedOrder>
export type Whole = z.infer<typeof Order>
type Status = Listed['status']

/** The word and tone of each state, in the order of an order's life. */
export const states: Readonly<Record<Status, { word: string; tone: Tone }>> = {
  new: { word: 'new', tone: 'accent' },
  assigned: { word: 'assigned', tone: 'warn' },
  accepted: { word: 'accepted', tone: 'ok' },
  picked_up: { word: 'picked up', tone: 'ok' },
  delivered: { word: 'delivered', tone: 'plain' },
  failed: { word: 'failed', tone: 'bad' },
  returned: { word: 'returned', tone: 'plain' },
  canceled: { word: 'canceled', tone: 'plain' },
}

export const statusOptions = Object.entries(states).map(([value, { word }]) => ({ value, label: word }))

/** An event of the stream carries the whole order; lists show these members of it. */
export function listedOf(order: Whole): Listed {
  const { id, storeId, status, courierId, pickupAddress, deliveryAddress, boxesCount, priceMinor } = order
  const { currency, readyAt, dueAt, lease, fence, version, createdAt } = order
  return {
    id,
    storeId,
    status,
    courierId,
    pickupAddress,
    deliveryAddress,
    boxesCount,
    priceMinor,
    currency,
    readyAt,
    dueAt,
    lease,
    fence,
    version,
    createdAt,
  }
}
