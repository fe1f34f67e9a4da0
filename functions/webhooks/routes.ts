import * as z from 'zod'
import { AppError, orThrow } from '../core/errors.ts'
import { at, created, type Endpoint, noContent, ok, versioned } from '../http/endpoint.ts'
import { Page, PageQuery } from '../http/fields.ts'
import { cursorOf, page } from '../http/page.ts'
import { subscribers as roles } from '../registry/roles.ts'
import * as wire from './contract.ts'
import { listDeliveries } from './deliveries/list.ts'
import { readDelivery } from './deliveries/read.ts'
import { replayDeliveries } from './deliveries/replay.ts'
import { createWebhook } from './subscriptions/create.ts'
import { editWebhook } from './subscriptions/edit.ts'
import { listWebhooks } from './subscriptions/list.ts'
import { readWebhook } from './subscriptions/read.ts'
import { removeWebhook } from './subscriptions/remove.ts'
import { rotateSecret } from './subscriptions/rotate.ts'
import { testWebhook } from './subscriptions/test.ts'

const base = '/v1/webhooks'
const on = at(base, 'webhooks')
const noWebhook = 'This webhook does not exist'

export const webhooksEndpoints: Endpoint[] = [
  on.post(
    '',
    {
      summary: 'Subscribe to events',
      description: [
        'Events are posted to `url`, signed as in Standard Webhooks (`webhook-id`, `webhook-timestamp`,',
        '`webhook-signature`), at least once, in order for each subject, for three days with growing pauses. A store receives',
        'events of its own orders, a tenant of its own account, an admin all events. A 410 disables the webhook.',
      ].join(' '),
      roles,
      body: wire.NewWebhook,
      answers: { 201: wire.WebhookWithSecret },
      problems: ['target_refused', 'too_many_webhooks', 'unprocessable'],
    },
    async (ctx, { body }) => {
      const { webhook } = orThrow(await createWebhook(ctx, body))
      return created(`${base}/${webhook.id}`, webhook, { version: webhook.version })
    },
  ),
  on.get(
    '',
    {
      summary: 'List webhooks',
      roles,
      answers: { 200: z.object({ data: z.array(wire.Webhook), nextCursor: z.null() }) },
    },
    async (ctx) => ok({ data: await listWebhooks(ctx), nextCursor: null }),
  ),
  on.get(
    '/{id}',
    {
      summary: 'Read a webhook',
      roles,
      params: wire.WebhookPath,
      answers: { 200: wire.Webhook },
    },
    async (ctx, { params }) => versioned(found(await readWebhook(ctx, params))),
  ),
  on.patch(
    '/{id}',
    {
      summary: 'Change, disable or enable a webhook',
      roles,
      params: wire.WebhookPath,
      body: wire.WebhookChange,
      ifMatch: true,
      answers: { 200: wire.Webhook },
      problems: ['target_refused'],
    },
    async (ctx, { params, version, body }) =>
      versioned(orThrow(await editWebhook(ctx, { id: params.id, version, change: body })).value),
  ),
  on.delete(
    '/{id}',
    {
      summary: 'Unsubscribe',
      roles,
      params: wire.WebhookPath,
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
      params: wire.WebhookPath,
      body: wire.Rotation,
      answers: { 200: wire.WebhookWithSecret },
      problems: ['unprocessable'],
    },
    async (ctx, { params, body }) =>
      versioned(orThrow(await rotateSecret(ctx, { id: params.id, overlapHours: body.overlapHours })).webhook),
  ),
  on.post(
    '/{id}/test',
    {
      summary: 'Send a test event and return its delivery',
      roles,
      params: wire.WebhookPath,
      answers: { 200: wire.DeliveryWithBody },
      problems: ['conflict'],
    },
    async (ctx, { params }) => ok(orThrow(await testWebhook(ctx, params)).delivery),
  ),
  on.get(
    '/{id}/deliveries',
    {
      summary: 'List deliveries, newest first',
      roles,
      params: wire.WebhookPath,
      query: z.strictObject({ state: wire.DeliveryState.optional(), ...PageQuery }),
      answers: { 200: Page(wire.Delivery) },
    },
    async (ctx, { params, query: { state = null, limit, cursor } }) => {
      const [before = null] = cursorOf(wire.DeliveryCursor, cursor) ?? []
      const deliveries = await listDeliveries(ctx, { id: params.id, state, before, limit: limit + 1 })
      return ok(page(found(deliveries), limit, ({ id }) => [id]))
    },
  ),
  on.get(
    '/{id}/deliveries/{deliveryId}',
    {
      summary: 'Read a delivery with its body',
      roles,
      params: wire.DeliveryPath,
      answers: { 200: wire.DeliveryWithBody },
    },
    async (ctx, { params }) =>
      ok(found(await readDelivery(ctx, params), 'This delivery does not exist for this webhook')),
  ),
  on.post(
    '/{id}/replay',
    {
      summary: 'Deliver events again, starting at one event',
      roles,
      params: wire.WebhookPath,
      body: wire.Replay,
      answers: { 200: wire.Replayed },
      problems: ['unprocessable'],
    },
    async (ctx, { params, body }) => {
      const { requeued, next } = orThrow(await replayDeliveries(ctx, { id: params.id, ...body }))
      return ok({ requeued, next })
    },
  ),
]

function found<T>(row: T | null, otherwise = noWebhook): T {
  if (row === null) throw new AppError('not_found', otherwise)
  return row
}
