import * as z from 'zod'
import { deliveryStates } from '../../../schema/webhooks/states.ts'
import { id, pathId, shownInstant } from '../../http/fields.ts'

export const DeliveryPath = z.strictObject({ id: pathId, deliveryId: pathId })

export const DeliveryState = z.enum(deliveryStates)

export const Delivery = z
  .strictObject({
    id,
    eventId: z.string().meta({ description: 'The webhook-id of every attempt' }),
    type: z.string(),
    subject: z.string().meta({ description: 'Events of one subject arrive in order' }),
    state: DeliveryState,
    reason: z.string().nullable().meta({ description: 'Why delivery was given up' }),
    replays: z.int(),
    dueAt: shownInstant,
    giveUpAt: shownInstant,
    createdAt: shownInstant,
    finishedAt: shownInstant.nullable(),
    attempts: z.array(
      z.strictObject({
        number: z.int(),
        startedAt: shownInstant,
        outcome: z
          .string()
          .nullable()
          .meta({ description: 'Null while the attempt runs, or when its sender died' }),
        status: z.int().nullable(),
        tookMs: z.int().nullable(),
      }),
    ),
  })
  .meta({ id: 'Delivery' })
export type Delivery = z.infer<typeof Delivery>

export const DeliveryWithBody = z
  .strictObject({ ...Delivery.shape, body: z.string() })
  .meta({ id: 'DeliveryWithBody' })
export type DeliveryWithBody = z.infer<typeof DeliveryWithBody>

export const Replay = z
  .strictObject({
    from: z
      .string()
      .min(1)
      .max(200)
      .meta({ description: 'The webhook-id of the first event to deliver again' }),
    to: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .meta({ description: 'The webhook-id of the last event; default: the newest' }),
    only: z.enum(['all', 'dead']).default('all'),
  })
  .meta({ id: 'Replay' })
export type Replay = z.infer<typeof Replay>

export const Replayed = z
  .strictObject({
    requeued: z.int(),
    next: z
      .string()
      .nullable()
      .meta({ description: 'Send it as `from` to continue: one request requeues up to a thousand' }),
  })
  .meta({ id: 'Replayed' })
export type Replayed = z.infer<typeof Replayed>

export const DeliveryCursor = z.tuple([id])

export const testWebhooks = {
  'webhook.test': {
    audience: ['admin', 'store', 'tenant'] as const,
    data: z.strictObject({ webhookId: id }).meta({ id: 'WebhookTestData' }),
  },
}
