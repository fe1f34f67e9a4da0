import type { OrderStatus } from '../../schema/dispatch/states.ts'

/** The price in minor units. */
export function priceMinorFor(boxesCount: number): number {
  if (boxesCount <= 8) return 3500
  if (boxesCount <= 16) return 7000
  return 10_500
}

export const currency = 'USD'

/** Why Postgres refuses the times of an order: the constraint orders_due_not_before_ready. */
export const dueTooEarly = 'dueAt must not be before readyAt'

/** In these statuses a courier holds the order's boxes. */
export const heldStatuses: readonly OrderStatus[] = ['assigned', 'accepted', 'picked_up']

type Transition = { from: readonly OrderStatus[]; to: OrderStatus }

/** The allowed transitions of an order by people. A verb that moves a named order carries its row of this table as a condition. */
export const transitions = {
  claim: { from: ['new'], to: 'assigned' },
  take: { from: ['new'], to: 'accepted' },
  accept: { from: ['assigned'], to: 'accepted' },
  decline: { from: ['assigned'], to: 'new' },
  release: { from: ['assigned', 'accepted'], to: 'new' },
  pickup: { from: ['accepted'], to: 'picked_up' },
  deliver: { from: ['picked_up'], to: 'delivered' },
  cancel: { from: ['new', 'assigned', 'accepted', 'picked_up'], to: 'canceled' },
  assign: { from: ['new', 'assigned', 'accepted'], to: 'assigned' },
  fail: { from: ['picked_up'], to: 'failed' },
  reopen: { from: ['failed'], to: 'new' },
  return: { from: ['failed'], to: 'returned' },
  undo: { from: ['delivered'], to: 'picked_up' },
} as const satisfies Record<string, Transition>

/** A courier must accept an assigned order within this time. */
export const leaseSeconds = 120

/** A delivery can be undone within this time; other modules receive it only afterwards. */
export const undoSeconds = 300
