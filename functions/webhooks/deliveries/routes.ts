import * as z from 'zod'
import { orThrow } from '../../core/errors.ts'
import { at, type Endpoint, found, ok } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { subscribers as roles } from '../../registry/roles.ts'
import {
  Delivery,
  DeliveryCursor,
  DeliveryPath,
  DeliveryState,
  DeliveryWithBody,
  OwnedDelivery,
  Replay,
  Replayed,
  ReplayedThese,
  ReplayThese,
  TestData,
} from './contract.ts'
import { listDeliveries } from './list.ts'
import { listAllDeliveries } from './list-all.ts'
import { readDelivery } from './read.ts'
import { replayDeliveries } from './replay.ts'
import { replayThese } from './replay-these.ts'
import { sendTest } from './send-test.ts'

const on = at('/v1/webhooks/{id}', 'webhooks')

/** The event that a test sends to any webhook. */
export const testWebhooks = { 'webhook.test': { audience: roles, data: TestData } }

export const deliveriesEndpoints: Endpoint[] = [
  on.post(
    '/test',
    {
      summary: 'Send a test event and return its delivery',
      description:
        'A webhook sends a test event every ten seconds, or six at once. A further one is 429: send it again after Retry-After.',
      roles,
      // The event is queued, taken, its attempt recorded, and its delivery read.
      trips: 4,
      params: IdPath,
      answers: { 200: DeliveryWithBody },
      problems: ['conflict'],
    },
    async (ctx, { params }) => ok(orThrow(await sendTest(ctx, params)).delivery),
  ),
  on.get(
    '/deliveries',
    {
      summary: 'List deliveries, newest first',
      roles,
      params: IdPath,
      query: z.strictObject({ state: DeliveryState.optional(), ...PageQuery }),
      answers: { 200: Page(Delivery) },
    },
    async (ctx, { params, query: { state = null, limit, cursor } }) => {
      const [before = null] = cursorOf(DeliveryCursor, cursor) ?? []
      const deliveries = await listDeliveries(ctx, { id: params.id, state, before, limit: limit + 1 })
      return ok(page(found(deliveries, 'This webhook does not exist'), limit, ({ id }) => [id]))
    },
  ),
  on.get(
    '/deliveries/{deliveryId}',
    {
      summary: 'Read a delivery with its body',
      roles,
      params: DeliveryPath,
      answers: { 200: DeliveryWithBody },
    },
    async (ctx, { params }) =>
      ok(found(await readDelivery(ctx, params), 'This delivery does not exist for this webhook')),
  ),
  on.post(
    '/replay',
    {
      summary: 'Deliver events again, starting at one event',
      roles,
      params: IdPath,
      body: Replay,
      answers: { 200: Replayed },
      problems: ['unprocessable'],
    },
    async (ctx, { params, body }) => {
      const { requeued, next } = orThrow(await replayDeliveries(ctx, { id: params.id, ...body }))
      return ok({ requeued, next })
    },
  ),
]

const onAll = at('/v1/ops/deliveries', 'ops')

/** For the operator: the deliveries of all owners. */
export const allDeliveriesEndpoints: Endpoint[] = [
  onAll.get(
    '',
    {
      summary: 'List the deliveries of all webhooks that are in one state, newest first',
      description: 'Without bodies, which belong to the owners.',
      roles: ['admin'],
      query: z.strictObject({ state: DeliveryState.default('dead'), ...PageQuery }),
      answers: { 200: Page(OwnedDelivery) },
    },
    async (ctx, { query: { state, limit, cursor } }) => {
      const [before = null] = cursorOf(DeliveryCursor, cursor) ?? []
      const deliveries = await listAllDeliveries(ctx, { state, before, limit: limit + 1 })
      return ok(page(deliveries, limit, ({ id }) => [id]))
    },
  ),
  onAll.post(
    '/replay',
    {
      summary: 'Deliver exactly these dead deliveries again, with an answer for each',
      description: 'Each keeps its event id and gets three new days. The log has an entry for each.',
      roles: ['admin'],
      body: ReplayThese,
      answers: { 200: ReplayedThese },
    },
    async (ctx, { body }) => ok(await replayThese(ctx, body)),
  ),
]
