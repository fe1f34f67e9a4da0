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

export const orderEventTypes = [
  'created',
  'edited',
  'claimed',
  'assigned',
  'reassigned',
  'accepted',
  'declined',
  'released',
  'lease_expired',
  'picked_up',
  'delivered',
  'delivery_undone',
  'settled',
  'failed',
  'reopened',
  'returned',
  'canceled',
] as const
export type OrderEventType = (typeof orderEventTypes)[number]

export const actorRoles = ['admin', 'store', 'courier', 'system'] as const
