/** Minor units, by boxes. */
export function priceMinorFor(boxesCount: number): number {
  if (boxesCount <= 8) return 3500
  if (boxesCount <= 16) return 7000
  return 10_500
}

export const currency = 'USD'

export type OrderStatus =
  | 'new'
  | 'assigned'
  | 'accepted'
  | 'picked_up'
  | 'delivered'
  | 'canceled'
  | 'failed'
  | 'returned'

/** Between these a courier carries the order's boxes. */
export const heldStatuses: readonly OrderStatus[] = ['assigned', 'accepted', 'picked_up']

type Transition = { from: readonly OrderStatus[]; to: OrderStatus }

/** The life of an order, as steps; the statement of each verb carries its row of this table. */
export const transitions = {
  claim: { from: ['new'], to: 'assigned' },
  accept: { from: ['assigned'], to: 'accepted' },
  decline: { from: ['assigned'], to: 'new' },
  release: { from: ['assigned', 'accepted'], to: 'new' },
  pickup: { from: ['accepted'], to: 'picked_up' },
  deliver: { from: ['picked_up'], to: 'delivered' },
  cancel: { from: ['new', 'assigned', 'accepted', 'picked_up'], to: 'canceled' },
  expire: { from: ['assigned'], to: 'new' },
  assign: { from: ['new', 'assigned', 'accepted'], to: 'assigned' },
  fail: { from: ['picked_up'], to: 'failed' },
  reopen: { from: ['failed'], to: 'new' },
  return: { from: ['failed'], to: 'returned' },
  undo: { from: ['delivered'], to: 'picked_up' },
} as const satisfies Record<string, Transition>

/** How long a courier may think about an assigned order. */
export const leaseSeconds = 120

/** How long a delivery may still turn out to be a mistake. Nobody outside hears of it before. */
export const undoSeconds = 300
