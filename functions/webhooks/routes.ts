import * as z from 'zod'
import { AppError, orThrow } from '../core/errors.ts'
import { created, type Endpoint, endpoint, noContent, ok, versioned } from '../http/endpoint.ts'
import { cursorOf, Page, PageQuery, page } from '../http/page.ts'
import * as wire from './contract.ts'
import { createWebhook } from './create.ts'
import { editWebhook } from './edit.ts'
import { listWebhooks } from './list.ts'
import { listDeliveries } from './list-deliveries.ts'
import { readWebhook } from './read.ts'
import { readDelivery } from './read-delivery.ts'
import { removeWebhook } from './remove.ts'
import { replayDeliveries } from './replay.ts'
import { rotateSecret } from './rotate.ts'
import { testWebhook } from './test.ts'

const base = '/v1/webhooks'
const tag = 'webhooks'
const roles = ['admin', 'store', 'tenant'] as const
const noWebhook = 'There is no such webhook'

export const webhooksEndpoints: Endpoint[] = [
  endpoint(
    {
      method: 'post',
      path: base,
      tag,
      summary: 'Subscribe to events',
      description: [
        'Events are posted to `url`, signed as Standard Webhooks has it (`webhook-id`, `webhook-timestamp`,',
        '`webhook-signature`), at least once, in order for each subject, for three days with growing pauses. A store hears',
        'of its own orders, a tenant of its own account, an admin of all. A 410 disables the webhook.',
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
  endpoint(
    {
      method: 'get',
      path: base,
      tag,
      summary: 'List webhooks',
      roles,
      answers: { 200: z.object({ data: z.array(wire.Webhook), nextCursor: z.null() }) },
    },
    async (ctx) => ok({ data: await listWebhooks(ctx), nextCursor: null }),
  ),
  endpoint(
    {
      method: 'get',
      path: `${base}/{id}`,
      tag,
      summary: 'Read a webhook',
      roles,
      params: wire.WebhookPath,
      answers: { 200: wire.Webhook },
    },
    async (ctx, { params }) => versioned(found(await readWebhook(ctx, params))),
  ),
  endpoint(
    {
      method: 'patch',
      path: `${base}/{id}`,
      tag,
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
  endpoint(
    {
      method: 'delete',
      path: `${base}/{id}`,
      tag,
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
  endpoint(
    {
      method: 'post',
      path: `${base}/{id}/rotate`,
      tag,
      summary: 'Replace the secret',
      description:
        'For `overlapHours` both secrets sign, so the receiver can change over in between. There are never more than two: a rotation meanwhile ends the oldest at once.',
      roles,
      params: wire.WebhookPath,
      body: wire.Rotation,
      answers: { 200: wire.WebhookWithSecret },
      problems: ['unprocessable'],
    },
    async (ctx, { params, body }) =>
      versioned(orThrow(await rotateSecret(ctx, { id: params.id, overlapHours: body.overlapHours })).webhook),
  ),
  endpoint(
    {
      method: 'post',
      path: `${base}/{id}/test`,
      tag,
      summary: 'Send an event that is about nothing, and tell what came of it',
      roles,
      params: wire.WebhookPath,
      answers: { 200: wire.DeliveryWithBody },
      problems: ['conflict'],
    },
    async (ctx, { params }) => ok(orThrow(await testWebhook(ctx, params)).delivery),
  ),
  endpoint(
    {
      method: 'get',
      path: `${base}/{id}/deliveries`,
      tag,
      summary: 'What was sent, is to be sent, or could not be, newest first',
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
  endpoint(
    {
      method: 'get',
      path: `${base}/{id}/deliveries/{deliveryId}`,
      tag,
      summary: 'Read a delivery with its body',
      roles,
      params: wire.DeliveryPath,
      answers: { 200: wire.DeliveryWithBody },
    },
    async (ctx, { params }) =>
      ok(found(await readDelivery(ctx, params), 'This webhook has no such delivery')),
  ),
  endpoint(
    {
      method: 'post',
      path: `${base}/{id}/replay`,
      tag,
      summary: 'Deliver events again, from one on',
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
