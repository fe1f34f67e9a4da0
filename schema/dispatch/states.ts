/** The states of an order, for the wire, the table and the rules. */
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
