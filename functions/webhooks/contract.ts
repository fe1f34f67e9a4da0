import * as z from 'zod'
import { id, pathId, shownInstant } from '../http/fields.ts'

const eventName = z
  .string()
  .regex(/^(\*|[a-z][a-z_]{1,39}\.(\*|[a-z][a-z_]{1,39}))$/, 'Must be as order.delivered, order.* or *')

export const WebhookPath = z.strictObject({ id: pathId })
export const DeliveryPath = z.strictObject({ id: pathId, deliveryId: pathId })

const fields = {
  url: z.url().max(2000).meta({ description: 'https, and a public address' }),
  events: z
    .array(eventName)
    .min(1)
    .max(50)
    .meta({ description: 'Types of events, as order.delivered; order.* is all of orders, * is all' }),
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
      .meta({ description: 'A disabled one hears nothing, and what waits for it waits on' }),
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
  failures: z.int().meta({ description: 'Attempts that failed in a row' }),
  failingSince: shownInstant.nullable(),
  pausedUntil: shownInstant.nullable().meta({ description: 'After five failures: when it is tried again' }),
  oldSecretUntil: shownInstant
    .nullable()
    .meta({ description: 'Until when the secret before the rotation signs too' }),
  version: z.int(),
  createdAt: shownInstant,
}

export const Webhook = z.strictObject(webhook).meta({ id: 'Webhook' })
export type Webhook = z.infer<typeof Webhook>

export const WebhookWithSecret = z
  .strictObject({
    ...webhook,
    secret: z.string().meta({ description: 'Shown only here. whsec_… as Standard Webhooks has it' }),
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
    reason: z.string().nullable().meta({ description: 'Why it is dead' }),
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
          .meta({ description: 'Null while it runs, or when its sender was lost' }),
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
      .meta({ description: 'The webhook-id of the first event to be delivered again' }),
    to: z.string().min(1).max(200).optional().meta({ description: 'The last one; left out: to the newest' }),
    only: z.enum(['all', 'dead']).default('all'),
  })
  .meta({ id: 'Replay' })
export type Replay = z.infer<typeof Replay>

export const Replayed = z
  .strictObject({
    requeued: z.int(),
    next: z.string().nullable().meta({ description: 'Where to go on: one request takes a thousand' }),
  })
  .meta({ id: 'Replayed' })
export type Replayed = z.infer<typeof Replayed>

export const DeliveryCursor = z.tuple([id])
