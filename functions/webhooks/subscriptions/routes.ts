import * as z from 'zod'
import { AppError, orThrow } from '../../core/errors.ts'
import { at, created, type Endpoint, found, noContent, ok, versioned } from '../../http/endpoint.ts'
import { IdPath } from '../../http/fields.ts'
import type { Webhooks } from '../../http/module.ts'
import { subscribers as roles } from '../../registry/roles.ts'
import { checkEvents } from './check-events.ts'
import { NewWebhook, Rotation, Webhook, WebhookChange, WebhookWithSecret } from './contract.ts'
import { createWebhook } from './create.ts'
import { editWebhook } from './edit.ts'
import { listWebhooks } from './list.ts'
import { readWebhook } from './read.ts'
import { removeWebhook } from './remove.ts'
import { rotateSecret } from './rotate.ts'

const base = '/v1/webhooks'
const on = at(base, 'webhooks')

const noWebhook = 'This webhook does not exist'

/** `webhooks` are the events of all rows. A name that its caller never receives is refused, so no webhook stays silent. */
export const subscriptionsEndpoints = (webhooks: Webhooks): Endpoint[] => [
  on.post(
    '',
    {
      summary: 'Subscribe to events',
      description: [
        'Events are posted to `url`, signed as in Standard Webhooks (`webhook-id`, `webhook-timestamp`,',
        '`webhook-signature`). Each event is sent at least once, and the events of one subject in order. Failed attempts are',
        'repeated for three days with growing pauses. `events` names events of this document’s `webhooks`. A store receives events of its own orders, a tenant of its own account,',
        'an admin all events. A 410 disables the webhook.',
      ].join(' '),
      roles,
      body: NewWebhook,
      answers: { 201: WebhookWithSecret },
      problems: ['target_refused', 'too_many_webhooks', 'unprocessable'],
    },
    async (ctx, { body }) => {
      checkEvents(ctx, body.events, webhooks)
      const { webhook } = orThrow(await createWebhook(ctx, body))
      return created(`${base}/${webhook.id}`, webhook, { version: webhook.version })
    },
  ),
  on.get(
    '',
    {
      summary: 'List webhooks',
      roles,
      answers: { 200: z.object({ data: z.array(Webhook), nextCursor: z.null() }) },
    },
    async (ctx) => ok({ data: await listWebhooks(ctx), nextCursor: null }),
  ),
  on.get(
    '/{id}',
    {
      summary: 'Read a webhook',
      roles,
      params: IdPath,
      answers: { 200: Webhook },
    },
    async (ctx, { params }) => versioned(found(await readWebhook(ctx, params), noWebhook)),
  ),
  on.patch(
    '/{id}',
    {
      summary: 'Change, disable or enable a webhook',
      roles,
      params: IdPath,
      body: WebhookChange,
      ifMatch: true,
      answers: { 200: Webhook },
      problems: ['target_refused'],
    },
    async (ctx, { params, version, body }) => {
      checkEvents(ctx, body.events ?? [], webhooks)
      return versioned(orThrow(await editWebhook(ctx, { id: params.id, version, change: body })).value)
    },
  ),
  on.delete(
    '/{id}',
    {
      summary: 'Unsubscribe',
      roles,
      params: IdPath,
      answers: { 204: null },
    },
    async (ctx, { params }) => {
      if (!(await removeWebhook(ctx, params))) throw new AppError('not_found', noWebhook)
      return noContent()
    },
  ),
  on.post(
    '/{id}/rotate',
    {
      summary: 'Replace the secret',
      description:
        'For `overlapHours` both secrets sign, so that the receiver can switch. A further rotation in that time ends the oldest secret at once.',
      roles,
      params: IdPath,
      body: Rotation,
      answers: { 200: WebhookWithSecret },
      problems: ['unprocessable'],
    },
    async (ctx, { params, body }) =>
      versioned(orThrow(await rotateSecret(ctx, { id: params.id, overlapHours: body.overlapHours })).webhook),
  ),
]
