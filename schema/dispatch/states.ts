export const orderStatuses = [
  'new',
  'assigned',
  'accepted',
  'picked_up',
  'delivered',
  'canceled',
  'failed',
  'returned',
] as const
export type OrderStatus = (typeof orderStatuses)[number]

/** Orders that somebody still works on. */
export const liveStatuses = ['new', 'assigned', 'accepted', 'picked_up'] as const satisfies OrderStatus[]

export const actorRoles = ['admin', 'store', 'courier', 'system'] as const
