import * as z from 'zod'
import { id, pathId, shownInstant } from '../http/fields.ts'

const eventName = z
  .string()
  .regex(/^(\*|[a-z][a-z_]{1,39}\.(\*|[a-z][a-z_]{1,39}))$/, 'Must be as order.delivered, order.* or *')

export const WebhookPath = z.strictObject({ id: pathId })
export const DeliveryPath = z.strictObject({ id: pathId, deliveryId: pathId })

const fields = {
  url: z.url().max(2000).meta({ description: 'https, and a public address' }),
  events: z.array(eventName).min(1).max(50).meta({
    description: 'Event types, as in order.delivered; order.* selects all order events, * all events',
  }),
  description: z.string().max(300).nullable(),
}

export const NewWebhook = z
  .strictObject({ ...fields, description: fields.description.default(null) })
  .meta({ id: 'NewWebhook' })
export type NewWebhook = z.infer<typeof NewWebhook>

export const WebhookChange = z
  .strictObject({
    ...fields,
    enabled: z
      .boolean()
      .meta({ description: 'While disabled, no events are sent; pending deliveries stay queued' }),
  })
  .partial()
  .refine((change) => Object.keys(change).length > 0, 'Name at least one field')
  .meta({ id: 'WebhookChange' })
export type WebhookChange = z.infer<typeof WebhookChange>

const webhook = {
  id,
  ...fields,
  url: z.string(),
  events: z.array(z.string()),
  enabled: z.boolean(),
  disabledFor: z.string().nullable(),
  failures: z.int().meta({ description: 'Consecutive failed attempts' }),
  failingSince: shownInstant.nullable(),
  pausedUntil: shownInstant
    .nullable()
    .meta({ description: 'After five failures in a row: when the next attempt is made' }),
  oldSecretUntil: shownInstant
    .nullable()
    .meta({ description: 'Until then the previous secret signs as well' }),
  version: z.int(),
  createdAt: shownInstant,
}

export const Webhook = z.strictObject(webhook).meta({ id: 'Webhook' })
export type Webhook = z.infer<typeof Webhook>

export const WebhookWithSecret = z
  .strictObject({
    ...webhook,
    secret: z.string().meta({ description: 'Shown only in this response; whsec_… as in Standard Webhooks' }),
  })
  .meta({ id: 'WebhookWithSecret' })
export type WebhookWithSecret = z.infer<typeof WebhookWithSecret>

export const Rotation = z
  .strictObject({ overlapHours: z.int().min(0).max(168).default(24) })
  .default({ overlapHours: 24 })
  .meta({ id: 'Rotation' })
export type Rotation = z.infer<typeof Rotation>

export const DeliveryState = z.enum(['waiting', 'delivered', 'dead'])

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
