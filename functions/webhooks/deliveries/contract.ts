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

export const OwnedDelivery = z
  .strictObject({
    ...Delivery.shape,
    webhookId: id,
    owner: z.string().meta({ examples: ['tenant:7'] }),
  })
  .meta({ id: 'OwnedDelivery' })
export type OwnedDelivery = z.infer<typeof OwnedDelivery>

export const ReplayThese = z.strictObject({
  ids: z.array(id).min(1).max(500).meta({ description: 'Of dead deliveries, as the list shows them' }),
})
export type ReplayThese = z.infer<typeof ReplayThese>

export const ReplayedThese = z
  .strictObject({
    data: z.array(
      z.strictObject({
        id,
        outcome: z.enum(['requeued', 'not_dead', 'not_found']).meta({
          description:
            '`not_dead`: it waits or was delivered. `not_found`: its webhook was removed, or it never existed',
        }),
      }),
    ),
  })
  .meta({ id: 'ReplayedDeliveries' })
export type ReplayedThese = z.infer<typeof ReplayedThese>

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

export const TestData = z.strictObject({ webhookId: id }).meta({ id: 'WebhookTestData' })
