import * as z from 'zod'
import { actorRoles } from '../../../schema/dispatch/states.ts'
import { id, shownInstant } from '../../http/fields.ts'
import { Order, OrderStatus } from '../orders/contract.ts'

export const OrderEvent = z
  .strictObject({
    id,
    orderId: id,
    type: z.string(),
    fromStatus: OrderStatus.nullable(),
    toStatus: OrderStatus,
    actor: z.strictObject({
      role: z.enum(actorRoles),
      id: z.string().nullable(),
    }),
    courierId: id.nullable(),
    fence: z.int(),
    data: z.record(z.string(), z.unknown()),
    createdAt: shownInstant,
  })
  .meta({ id: 'OrderEvent' })
export type OrderEvent = z.infer<typeof OrderEvent>

/** The `data:` of the event stream. */
export const StreamedEvent = z.strictObject({
  ...OrderEvent.shape,
  order: Order.nullable().meta({
    description: 'The order in its current state; null if the subscriber may not see it',
  }),
})
export type StreamedEvent = z.infer<typeof StreamedEvent>
