import * as z from 'zod'
import { id, shownInstant } from '../../http/fields.ts'

const eventName = z
  .string()
  .regex(/^(\*|[a-z][a-z_]{1,39}\.(\*|[a-z][a-z_]{1,39}))$/, 'Must be as order.delivered, order.* or *')

const fields = {
  // The parsed form is stored, because the guard, the table and the sender all read that form.
  url: z.url({ normalize: true }).max(2000).meta({ description: 'https on any port, and a public address' }),
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
    enabled: z.boolean().meta({
      description:
        'While disabled, no events are sent; pending deliveries stay queued, and get three new days once it is enabled',
    }),
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
