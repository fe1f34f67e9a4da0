import type { z } from 'zod'
import type { ListedOrder, Order } from '../../functions/dispatch/orders/contract.ts'

export type Listed = z.infer<typeof ListedOrder>
export type Whole = z.infer<typeof Order>

/** The states of an order that is on its way. */
export const live = ['new', 'assigned', 'accepted', 'picked_up'] as const

export const isLive = ({ status }: Pick<Listed, 'status'>) => live.some((one) => one === status)

/** The order of the lists of the API. */
export function newestFirst(a: Listed, b: Listed): number {
  return a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : b.id - a.id
}

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
