import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { AppError, orThrow } from '../../core/errors.ts'
import {
  at,
  callerId,
  created,
  type Endpoint,
  found,
  type Given,
  ok,
  versioned,
} from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery, pathId, wholeWithin } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { cancelOrder } from './cancel.ts'
import * as wire from './contract.ts'
import { createOrder } from './create.ts'
import { createBulk } from './create-bulk.ts'
import { readDailyStats } from './daily-stats.ts'
import { deliverOrder } from './deliver.ts'
import { editOrder } from './edit.ts'
import { failOrder } from './fail.ts'
import { listOrders } from './list.ts'
import { pickUpOrder } from './pickup.ts'
import { quoteOrder } from './quote.ts'
import { readOrder } from './read.ts'
import { reopenOrder } from './reopen.ts'
import type { Transitioned } from './resolve.ts'
import { returnOrder } from './return.ts'
import { showOutcome } from './show-outcome.ts'
import { readStats } from './stats.ts'
import { transitionOrders } from './transition-many.ts'
import { undoDelivery } from './undo.ts'

const base = '/v1/dispatch'
const on = at(base, 'dispatch')
const everybody = ['admin', 'store', 'courier'] as const
const seller = ['store', 'admin'] as const

export const ordersEndpoints: Endpoint[] = [
  on.post(
    '/orders',
    {
      summary: 'Create an order',
      description:
        'The pickup address defaults to the store’s address, and only that address takes the store’s coordinates. The number of boxes determines the price.',
      roles: seller,
      body: wire.NewOrder,
      answers: { 201: wire.Order },
      problems: ['not_found', 'box_limit_exceeded', 'unprocessable'],
    },
    async (ctx, { body }) => {
      const { order } = orThrow(await createOrder(ctx, { ...body, storeId: storeOf(ctx, body.storeId) }))
      return created(`${base}/orders/${order.id}`, order, { version: order.version })
    },
  ),
  on.post(
    '/orders/quote',
    {
      summary: 'Price an order without creating it',
      roles: seller,
      body: wire.QuoteRequest,
      answers: { 200: wire.Quote },
    },
    async (_ctx, { body }) => ok(quoteOrder(body)),
  ),
  on.post(
    '/orders/bulk',
    {
      summary: 'Create many orders',
      description:
        'One statement creates all valid orders. The answer has one result per item; an invalid item does not affect the others.',
      roles: seller,
      body: wire.OrderBatch,
      describedBody: wire.DescribedOrderBatch,
      items: 'orders',
      bodyLimitBytes: 1024 * 1024,
      answers: { 200: z.object({ data: z.array(wire.BatchAnswer) }) },
    },
    async (ctx, { body: { orders } }) => {
      const ownStore = ctx.principal?.role === 'store' ? callerId(ctx) : null
      const outcomes = await createBulk(ctx, { orders, ownStore })
      return ok({ data: outcomes.map((outcome, index) => ({ index, ...showOutcome(outcome) })) })
    },
  ),
  on.get(
    '/orders',
    {
      summary: 'List orders, newest first',
      description: 'A store sees its own orders. A courier sees available orders and its own.',
      roles: everybody,
      query: z.strictObject({
        ...wire.OrderFilter,
        storeId: pathId.optional(),
        courierId: pathId.optional(),
        ...PageQuery,
      }),
      answers: { 200: Page(wire.ListedOrder) },
    },
    async (ctx, { query: { limit, cursor, status: statuses, ...filter } }) => {
      const before = cursorOf(wire.OrderCursor, cursor)
      const orders = await listOrders(ctx, { ...filter, statuses, before, limit: limit + 1 })
      return ok(page(orders, limit, ({ createdAt, id }) => [createdAt, id]))
    },
  ),
  on.get(
    '/orders/{id}',
    {
      summary: 'Read an order',
      roles: everybody,
      params: IdPath,
      fixedByVersion: true,
      answers: { 200: wire.Order },
    },
    async (ctx, { params }) => versioned(found(await readOrder(ctx, { orderId: params.id }))),
  ),
  on.patch(
    '/orders/{id}',
    {
      summary: 'Change an order while it is new',
      description: [
        'Another address without coordinates clears the coordinates of the old one. The store’s own pickup address',
        'brings the store’s coordinates.',
      ].join(' '),
      roles: seller,
      params: IdPath,
      body: wire.OrderChange,
      ifMatch: true,
      answers: { 200: wire.Order },
      problems: ['illegal_transition', 'box_limit_exceeded', 'unprocessable'],
    },
    async (ctx, { params, version, body }) =>
      versioned(orThrow(await editOrder(ctx, { id: params.id, version, change: body })).value),
  ),
  transition(
    'pickup',
    { summary: 'Mark an order as picked up', roles: ['courier'], body: wire.Step },
    (ctx, orderId, { fence }) => pickUpOrder(ctx, { orderId, courierId: callerId(ctx), fence }),
  ),
  transition(
    'deliver',
    { summary: 'Mark an order as delivered', roles: ['courier'], body: wire.Step },
    (ctx, orderId, { fence }) => deliverOrder(ctx, { orderId, courierId: callerId(ctx), fence }),
  ),
  transition(
    'fail',
    { summary: 'Mark a delivery as failed, with a reason', roles: ['courier'], body: wire.Failure },
    (ctx, orderId, body) => failOrder(ctx, { orderId, courierId: callerId(ctx), ...body }),
  ),
  transition(
    'undo',
    {
      summary: 'Undo a delivery',
      description: [
        'Possible for five minutes. After that the delivery is final, and webhooks and other modules receive it.',
        'The courier who delivered must send the fence; an admin need not.',
      ].join(' '),
      roles: ['courier', 'admin'],
      body: wire.Undo,
      problems: ['delivery_final', 'courier_at_capacity'],
    },
    (ctx, orderId, { fence, reason }) => undoDelivery(ctx, { orderId, by: delivererOf(ctx, fence), reason }),
  ),
  transition(
    'cancel',
    { summary: 'Cancel an order before it is delivered', roles: seller, body: wire.Cancellation },
    (ctx, orderId, { reason }) => cancelOrder(ctx, { orderId, reason }),
  ),
  transition('reopen', { summary: 'Make a failed order available again', roles: seller }, (ctx, orderId) =>
    reopenOrder(ctx, { orderId }),
  ),
  transition(
    'return',
    { summary: 'Mark the boxes of a failed order as returned to the store', roles: seller },
    (ctx, orderId) => returnOrder(ctx, { orderId }),
  ),
  on.post(
    '/orders/steps',
    {
      summary: 'Accept, pick up or deliver many orders',
      description: [
        'One statement changes all orders; the answer has one result per order.',
        'A courier can change the orders it holds, an admin any order whose fence matches.',
      ].join(' '),
      roles: ['courier', 'admin'],
      body: wire.StepBatch,
      bodyLimitBytes: 128 * 1024,
      answers: { 200: z.object({ data: z.array(wire.StepAnswer) }) },
    },
    async (ctx, { body }) => {
      const outcomes = await transitionOrders(ctx, body)
      return ok({ data: outcomes.map(({ orderId, ...outcome }) => ({ orderId, ...showOutcome(outcome) })) })
    },
  ),
  on.get(
    '/stats',
    {
      summary: 'Read order counts, time spent in each state, and lost claims',
      roles: ['admin'],
      query: z.strictObject({ hours: wholeWithin(1, 48).default(24) }),
      answers: { 200: wire.Stats },
    },
    async (ctx, { query }) => ok(await readStats(ctx, query)),
  ),
  on.get(
    '/stats/days',
    {
      summary: 'Read what became of the orders of each day',
      description:
        'Days are in UTC. An order counts on the day of its creation. A day without orders counts zero.',
      roles: ['admin'],
      query: wire.Days,
      answers: { 200: z.object({ data: z.array(wire.Day), nextCursor: z.null() }) },
    },
    async (ctx, { query }) => ok({ data: await readDailyStats(ctx, query), nextCursor: null }),
  ),
]

type Transition<B> = Pick<Endpoint, 'summary' | 'description'> & {
  problems?: Endpoint['problems']
  roles: readonly ('admin' | 'store' | 'courier')[]
  body?: B
}

/** `POST /orders/{id}/{name}`: one transition of an order. A courier holds the order and shows its fence. */
function transition<B extends z.ZodType | undefined = undefined>(
  name: string,
  { problems = [], ...spec }: Transition<B>,
  act: (ctx: Ctx, orderId: number, body: Given<B>) => Promise<Transitioned>,
): Endpoint {
  const fenced = spec.roles.includes('courier')
  const lost = fenced ? (['stale_fence'] as const) : []
  return on.post(
    `/orders/{id}/${name}`,
    {
      ...spec,
      params: IdPath,
      answers: { 200: wire.Order },
      problems: ['illegal_transition', 'order_busy', ...lost, ...problems],
    },
    async (ctx, { params, body }) => versioned(orThrow(await act(ctx, params.id, body)).order),
  )
}

/** A store’s token implies its own store; an admin must name one. A store gets 404 for any other store. */
function storeOf(ctx: Ctx, storeId: number | undefined): number {
  if (ctx.principal?.role === 'store') {
    const own = callerId(ctx)
    if (storeId !== undefined && storeId !== own) throw new AppError('not_found', 'There is no such store')
    return own
  }
  if (storeId !== undefined) return storeId
  throw new AppError('validation_failed', 'An admin must name the store', {
    errors: [{ path: 'storeId', message: 'Required from an admin' }],
  })
}

/** A courier proves with its fence that it delivered the order; an admin needs no proof. */
function delivererOf(ctx: Ctx, fence: number | undefined): { courierId: number; fence: number } | null {
  if (ctx.principal?.role !== 'courier') return null
  if (fence !== undefined) return { courierId: callerId(ctx), fence }
  throw new AppError('validation_failed', 'A courier must send the fence', {
    errors: [{ path: 'fence', message: 'Required from a courier' }],
  })
}
