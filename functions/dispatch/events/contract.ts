import * as z from 'zod'
import { actorRoles, orderEventTypes } from '../../../schema/dispatch/states.ts'
import { id, shownInstant } from '../../http/fields.ts'
import { Order, OrderStatus } from '../orders/contract.ts'

export const OrderEvent = z
  .strictObject({
    id,
    orderId: id,
    type: z.enum(orderEventTypes),
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
export const StreamedEvent = z
  .strictObject({
    ...OrderEvent.shape,
    order: Order.nullable().meta({
      description: 'The order in its current state; null if the subscriber may not see it',
    }),
  })
  .meta({ id: 'StreamedEvent' })
export type StreamedEvent = z.infer<typeof StreamedEvent>

/** The events of the stream, by the name of the event. */
export const streamedEvents = Object.fromEntries(orderEventTypes.map((type) => [type, StreamedEvent]))

/** Webhooks get no event of a delivery that can still be undone; `order.delivered` comes when it is final. */
const sent = orderEventTypes.filter((type) => type !== 'delivery_undone' && type !== 'settled')

const SentEvent = z.strictObject({ ...OrderEvent.shape, order: Order }).meta({ id: 'OrderWebhookData' })

export const orderWebhooks = Object.fromEntries(
  sent.map((type) => [`order.${type}`, { audience: ['store'] as const, data: SentEvent }]),
)
