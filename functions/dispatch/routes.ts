import * as z from 'zod'
import { type Ctx } from '../core/context.ts'
import { AppError, orThrow, problemOf, type Refused } from '../core/errors.ts'
import {
  callerId,
  created,
  type Endpoint,
  endpoint,
  type Given,
  noContent,
  ok,
  versioned,
} from '../http/endpoint.ts'
import { cursorOf, Page, PageQuery, page } from '../http/page.ts'
import { openStream } from '../http/stream.ts'
import { acceptOrder } from './accept.ts'
import { addCourier } from './add-courier.ts'
import { addStore } from './add-store.ts'
import { assignOrder } from './assign.ts'
import { assignOrders } from './assign-many.ts'
import { cancelOrder } from './cancel.ts'
import { claimOrder } from './claim.ts'
import { claimNextOrder } from './claim-next.ts'
import * as wire from './contract.ts'
import { createOrder } from './create.ts'
import { createBulk } from './create-bulk.ts'
import { declineOrder } from './decline.ts'
import { deliverOrder } from './deliver.ts'
import { editOrder } from './edit.ts'
import { editCourier } from './edit-courier.ts'
import { editStore } from './edit-store.ts'
import { failOrder } from './fail.ts'
import { readHistory } from './history.ts'
import { listOrders } from './list.ts'
import { listCouriers } from './list-couriers.ts'
import { listStores } from './list-stores.ts'
import { moveOrders } from './move-many.ts'
import { pickUpOrder } from './pickup.ts'
import { quoteOrder } from './quote.ts'
import { readOrder } from './read.ts'
import { readCourier } from './read-courier.ts'
import { readStore } from './read-store.ts'
import { releaseOrder } from './release.ts'
import { reopenOrder } from './reopen.ts'
import { reportPosition } from './report-position.ts'
import { returnOrder } from './return.ts'
import { readStats } from './stats.ts'
import { undoDelivery } from './undo.ts'

const base = '/v1/dispatch'
const tag = 'dispatch'
const everybody = ['admin', 'store', 'courier'] as const

type Problems = Endpoint['problems']
const lost: Problems = ['illegal_transition', 'stale_fence', 'order_busy']
const allStatuses = wire.OrderStatus.options
const ListQuery = z.strictObject({ ...wire.OrderFilter, ...PageQuery })
const keyOf = (order: wire.ListedOrder) => [order.createdAt, order.id]

export const dispatchEndpoints: Endpoint[] = [
  endpoint(
    {
      method: 'post',
      path: `${base}/orders`,
      tag,
      summary: 'Post an order',
      description: 'Pickup defaults to the store’s address; the price follows from the boxes.',
      roles: ['store', 'admin'],
      body: wire.NewOrder,
      answers: { 201: wire.Order },
      problems: ['not_found', 'box_limit_exceeded', 'unprocessable'],
    },
    async (ctx, { body }) => {
      const { order } = orThrow(await createOrder(ctx, { ...body, storeId: storeOf(ctx, body.storeId) }))
      return created(`${base}/orders/${order.id}`, order, { version: order.version })
    },
  ),
  endpoint(
    {
      method: 'post',
      path: `${base}/orders/quote`,
      tag,
      summary: 'Price an order without posting it',
      roles: ['store', 'admin'],
      body: wire.QuoteRequest,
      answers: { 200: wire.Quote },
    },
    async (_ctx, { body }) => ok(quoteOrder(body)),
  ),
  endpoint(
    {
      method: 'post',
      path: `${base}/orders/bulk`,
      tag,
      summary: 'Post many orders',
      description: 'In one statement, with an answer for each; one that is wrong does not touch the others.',
      roles: ['store', 'admin'],
      body: wire.OrderBatch,
      bodyLimitBytes: 1024 * 1024,
      answers: { 200: z.object({ data: z.array(wire.BatchAnswer) }) },
    },
    async (ctx, { body: { orders } }) => {
      const ownStore = ctx.principal?.role === 'store' ? callerId(ctx) : null
      const outcomes = await createBulk(ctx, { orders, ownStore })
      return ok({ data: outcomes.map((outcome, index) => ({ index, ...itemOf(outcome) })) })
    },
  ),
  endpoint(
    {
      method: 'get',
      path: `${base}/orders`,
      tag,
      summary: 'List orders, newest first',
      description: 'A store sees its own orders, a courier the available ones and its own.',
      roles: everybody,
      query: z.strictObject({
        ...wire.OrderFilter,
        storeId: wire.PathId.optional(),
        courierId: wire.PathId.optional(),
        ...PageQuery,
      }),
      answers: { 200: Page(wire.ListedOrder) },
    },
    async (ctx, { query }) => listed(ctx, query),
  ),
  endpoint(
    {
      method: 'post',
      path: `${base}/orders/claim-next`,
      tag,
      summary: 'Claim the best available order',
      description:
        'The nearest to the courier’s last position, else the oldest; 204 when none can be carried.',
      roles: ['courier'],
      answers: { 200: wire.Order, 204: null },
      problems: ['courier_unavailable', 'order_busy'],
    },
    async (ctx) => {
      const { order } = orThrow(await claimNextOrder(ctx, { courierId: callerId(ctx) }))
      return order === null ? noContent() : versioned(order)
    },
  ),
  endpoint(
    {
      method: 'get',
      path: `${base}/orders/{id}`,
      tag,
      summary: 'Read an order',
      roles: everybody,
      params: wire.IdPath,
      answers: { 200: wire.Order },
    },
    async (ctx, { params }) => versioned(found(await readOrder(ctx, { orderId: params.id }))),
  ),
  endpoint(
    {
      method: 'patch',
      path: `${base}/orders/{id}`,
      tag,
      summary: 'Change an order while it is new',
      roles: ['store', 'admin'],
      params: wire.IdPath,
      body: wire.OrderChange,
      ifMatch: true,
      answers: { 200: wire.Order },
      problems: ['illegal_transition', 'box_limit_exceeded'],
    },
    async (ctx, { params, version, body }) =>
      versioned(orThrow(await editOrder(ctx, { id: params.id, version, change: body })).value),
  ),
  endpoint(
    {
      method: 'get',
      path: `${base}/orders/{id}/events`,
      tag,
      summary: 'What happened to an order, oldest first',
      roles: everybody,
      params: wire.IdPath,
      query: z.strictObject(PageQuery),
      answers: { 200: Page(wire.OrderEvent) },
    },
    async (ctx, { params, query: { limit, cursor } }) => {
      const [after = null] = cursorOf(wire.IdCursor, cursor) ?? []
      const events = found(await readHistory(ctx, { orderId: params.id, after, limit: limit + 1 }))
      return ok(page(events, limit, ({ id }) => [id]))
    },
  ),
  endpoint(
    {
      method: 'post',
      path: `${base}/orders/{id}/claim`,
      tag,
      summary: 'Claim an order',
      description: 'One courier wins, however many ask. Accept before the lease ends, or it goes back.',
      roles: ['courier'],
      params: wire.IdPath,
      answers: { 200: wire.Order },
      problems: [
        'order_taken',
        'courier_at_capacity',
        'courier_unavailable',
        'excluded',
        'order_busy',
        'illegal_transition',
      ],
    },
    async (ctx, { params }) =>
      versioned(orThrow(await claimOrder(ctx, { orderId: params.id, courierId: callerId(ctx) })).order),
  ),
  action(
    'accept',
    {
      summary: 'Accept an assigned order',
      roles: ['courier'],
      body: wire.Step,
      problems: [...lost, 'lease_expired'],
    },
    (ctx, orderId, { fence }) => acceptOrder(ctx, { orderId, courierId: callerId(ctx), fence }),
  ),
  action(
    'pickup',
    { summary: 'Say that the boxes are picked up', roles: ['courier'], body: wire.Step, problems: lost },
    (ctx, orderId, { fence }) => pickUpOrder(ctx, { orderId, courierId: callerId(ctx), fence }),
  ),
  action(
    'deliver',
    { summary: 'Say that the boxes are delivered', roles: ['courier'], body: wire.Step, problems: lost },
    (ctx, orderId, { fence }) => deliverOrder(ctx, { orderId, courierId: callerId(ctx), fence }),
  ),
  action(
    'fail',
    {
      summary: 'Say that the boxes could not be handed over, and why',
      roles: ['courier'],
      body: wire.Failure,
      problems: lost,
    },
    (ctx, orderId, body) => failOrder(ctx, { orderId, courierId: callerId(ctx), ...body }),
  ),
  action(
    'decline',
    {
      summary: 'Decline an assigned order',
      description: 'The courier is not offered this order again.',
      roles: ['courier'],
      body: wire.GiveBack,
      problems: [...lost, 'lease_expired'],
    },
    (ctx, orderId, body) => declineOrder(ctx, { orderId, courierId: callerId(ctx), ...body }),
  ),
  action(
    'release',
    {
      summary: 'Give an order back before pickup',
      description: 'The courier is not offered this order again.',
      roles: ['courier'],
      body: wire.GiveBack,
      problems: [...lost, 'lease_expired'],
    },
    (ctx, orderId, body) => releaseOrder(ctx, { orderId, courierId: callerId(ctx), ...body }),
  ),
  action(
    'undo',
    {
      summary: 'Take back a delivery that was a mistake',
      description:
        'For five minutes: then the delivery is final, and webhooks and payouts hear of it. The courier who delivered shows the fence; an admin needs none.',
      roles: ['courier', 'admin'],
      body: wire.Undo,
      problems: [...lost, 'delivery_final', 'courier_at_capacity'],
    },
    (ctx, orderId, { fence, reason }) => undoDelivery(ctx, { orderId, by: delivererOf(ctx, fence), reason }),
  ),
  action(
    'cancel',
    {
      summary: 'Cancel an order before it is delivered',
      roles: ['store', 'admin'],
      body: wire.Cancellation,
      problems: ['illegal_transition', 'order_busy'],
    },
    (ctx, orderId, { reason }) => cancelOrder(ctx, { orderId, reason }),
  ),
  action(
    'reopen',
    {
      summary: 'Offer a failed order once more',
      roles: ['store', 'admin'],
      problems: ['illegal_transition', 'order_busy'],
    },
    (ctx, orderId) => reopenOrder(ctx, { orderId }),
  ),
  action(
    'return',
    {
      summary: 'Say that the boxes of a failed order are back at the store',
      roles: ['store', 'admin'],
      problems: ['illegal_transition', 'order_busy'],
    },
    (ctx, orderId) => returnOrder(ctx, { orderId }),
  ),
  action(
    'assign',
    {
      summary: 'Give an order to a courier, also one that another courier has',
      description:
        'Not while the boxes are on their way. The courier must still accept; the former one’s fence is void.',
      roles: ['admin'],
      body: wire.Assignment,
      problems: [
        'illegal_transition',
        'order_busy',
        'order_taken',
        'excluded',
        'courier_unavailable',
        'courier_at_capacity',
      ],
    },
    (ctx, orderId, { courierId }) => assignOrder(ctx, { orderId, courierId }),
  ),

  endpoint(
    {
      method: 'post',
      path: `${base}/orders/steps`,
      tag,
      summary: 'Accept, pick up or deliver many orders',
      description:
        'In one statement, with an answer for each. A courier moves what it holds, an admin whatever the fence fits.',
      roles: ['courier', 'admin'],
      body: wire.StepBatch,
      bodyLimitBytes: 128 * 1024,
      answers: { 200: z.object({ data: z.array(wire.StepAnswer) }) },
    },
    async (ctx, { body }) => {
      if (ctx.principal?.role === 'courier') callerId(ctx)
      const moved = await moveOrders(ctx, body)
      return ok({ data: moved.map(({ orderId, ...outcome }) => ({ orderId, ...itemOf(outcome) })) })
    },
  ),
  endpoint(
    {
      method: 'post',
      path: `${base}/assignments`,
      tag,
      summary: 'Give many orders to available couriers, by way and load',
      description: 'In one statement, with an answer for each order: the courier it went to, or why to none.',
      roles: ['admin'],
      body: wire.Assignments,
      answers: { 200: z.object({ data: z.array(wire.AssignmentAnswer) }) },
    },
    async (ctx, { body: { orderIds = null, limit, courierIds = null } }) => {
      const assigned = await assignOrders(ctx, { orderIds, limit, courierIds })
      return ok({ data: assigned.map(({ orderId, ...outcome }) => ({ orderId, ...itemOf(outcome) })) })
    },
  ),
  endpoint(
    {
      method: 'get',
      path: `${base}/stats`,
      tag,
      summary: 'What is live now, how long states last, who loses claims',
      roles: ['admin'],
      query: z.strictObject({ hours: z.coerce.number().int().min(1).max(48).default(24) }),
      answers: { 200: wire.Stats },
    },
    async (ctx, { query }) => ok(await readStats(ctx, query)),
  ),
  endpoint(
    {
      method: 'get',
      path: `${base}/events`,
      tag,
      summary: 'Hear what happens to orders, as it happens',
      description: [
        'Server-sent events; each `data:` is a HeardEvent, each `id:` a cursor. `Last-Event-ID`, or `?after=` at the first',
        'request, resumes without gap or repeat. A cursor that is unknown or too old is answered with one `reset` event: read',
        'the lists anew and go on. A store hears of its own orders; a courier of what becomes available or ceases to be, and',
        'of its own; an admin of all.',
      ].join(' '),
      roles: everybody,
      query: z.strictObject({
        after: z.string().max(64).optional().meta({ description: 'A cursor: an `id:` of before' }),
      }),
      answers: { 200: 'text/event-stream' },
    },
    async (ctx, { query, lastEventId }) => openStream(ctx, 'dispatch', lastEventId ?? query.after ?? null),
  ),

  endpoint(
    {
      method: 'post',
      path: `${base}/stores`,
      tag,
      summary: 'Add a store',
      roles: ['admin'],
      body: wire.NewStore,
      answers: { 201: wire.Store },
    },
    async (ctx, { body }) => {
      const store = await addStore(ctx, body)
      return created(`${base}/stores/${store.id}`, store, { version: store.version })
    },
  ),
  endpoint(
    {
      method: 'get',
      path: `${base}/stores`,
      tag,
      summary: 'List stores',
      roles: ['admin', 'courier'],
      query: z.strictObject(PageQuery),
      answers: { 200: Page(wire.Store) },
    },
    async (ctx, { query: { limit, cursor } }) => {
      const [after = 0] = cursorOf(wire.IdCursor, cursor) ?? []
      return ok(page(await listStores(ctx, { after, limit: limit + 1 }), limit, ({ id }) => [id]))
    },
  ),
  endpoint(
    {
      method: 'get',
      path: `${base}/stores/{id}`,
      tag,
      summary: 'Read a store',
      roles: everybody,
      params: wire.IdPath,
      answers: { 200: wire.Store },
    },
    async (ctx, { params }) => versioned(found(await readStore(ctx, params))),
  ),
  endpoint(
    {
      method: 'patch',
      path: `${base}/stores/{id}`,
      tag,
      summary: 'Change a store',
      roles: ['admin'],
      params: wire.IdPath,
      body: wire.StoreChange,
      ifMatch: true,
      answers: { 200: wire.Store },
      problems: ['unprocessable'],
    },
    async (ctx, { params, version, body }) =>
      versioned(orThrow(await editStore(ctx, { id: params.id, version, change: body })).value),
  ),

  endpoint(
    {
      method: 'post',
      path: `${base}/couriers`,
      tag,
      summary: 'Add a courier',
      roles: ['admin'],
      body: wire.NewCourier,
      answers: { 201: wire.Courier },
    },
    async (ctx, { body }) => {
      const courier = await addCourier(ctx, body)
      return created(`${base}/couriers/${courier.id}`, courier, { version: courier.version })
    },
  ),
  endpoint(
    {
      method: 'get',
      path: `${base}/couriers`,
      tag,
      summary: 'List couriers',
      roles: ['admin'],
      query: z.strictObject(PageQuery),
      answers: { 200: Page(wire.Courier) },
    },
    async (ctx, { query: { limit, cursor } }) => {
      const [after = 0] = cursorOf(wire.IdCursor, cursor) ?? []
      return ok(page(await listCouriers(ctx, { after, limit: limit + 1 }), limit, ({ id }) => [id]))
    },
  ),
  endpoint(
    {
      method: 'get',
      path: `${base}/couriers/{id}`,
      tag,
      summary: 'Read a courier',
      roles: ['admin', 'courier'],
      params: wire.IdPath,
      answers: { 200: wire.Courier },
    },
    async (ctx, { params }) => versioned(found(await readCourier(ctx, { id: ownCourier(ctx, params.id) }))),
  ),
  endpoint(
    {
      method: 'patch',
      path: `${base}/couriers/{id}`,
      tag,
      summary: 'Change a courier',
      description: 'A courier changes only whether it is available.',
      roles: ['admin', 'courier'],
      params: wire.IdPath,
      body: wire.CourierChange,
      ifMatch: true,
      answers: { 200: wire.Courier },
      problems: ['capacity_below_held'],
    },
    async (ctx, { params, version, body }) => {
      const id = ownCourier(ctx, params.id)
      if (ctx.principal?.role === 'courier') refuseAllBut(body, 'available')
      return versioned(orThrow(await editCourier(ctx, { id, version, change: body })).value)
    },
  ),
  endpoint(
    {
      method: 'put',
      path: `${base}/couriers/{id}/position`,
      tag,
      summary: 'Report where a courier is',
      roles: ['courier', 'admin'],
      params: wire.IdPath,
      body: wire.Position,
      answers: { 204: null },
    },
    async (ctx, { params, body }) => {
      const moved = await reportPosition(ctx, { ...body, id: ownCourier(ctx, params.id) })
      if (!moved) throw new AppError('not_found')
      return noContent()
    },
  ),
  endpoint(
    {
      method: 'get',
      path: `${base}/couriers/{id}/orders`,
      tag,
      summary: 'List the orders of a courier, newest first',
      roles: ['admin', 'courier'],
      params: wire.IdPath,
      query: ListQuery,
      answers: { 200: Page(wire.ListedOrder) },
    },
    async (ctx, { params, query }) => listed(ctx, { ...query, courierId: ownCourier(ctx, params.id) }),
  ),
]

type Action<B> = Pick<Endpoint, 'summary' | 'problems'> & {
  description?: string
  roles: readonly ('admin' | 'store' | 'courier')[]
  body?: B
}

/** `POST /orders/{id}/{name}`: one step of an order’s life. */
function action<B extends z.ZodType | undefined = undefined>(
  name: string,
  spec: Action<B>,
  act: (ctx: Ctx, orderId: number, body: Given<B>) => ReturnType<typeof acceptOrder>,
): Endpoint {
  return endpoint(
    {
      ...spec,
      method: 'post',
      path: `${base}/orders/{id}/${name}`,
      tag,
      params: wire.IdPath,
      answers: { 200: wire.Order },
    },
    async (ctx, { params, body }) => versioned(orThrow(await act(ctx, params.id, body)).order),
  )
}

type Asked = z.infer<typeof ListQuery> & { storeId?: number | undefined; courierId?: number | undefined }

async function listed(ctx: Ctx, { limit, cursor, ...asked }: Asked) {
  const orders = await listOrders(ctx, {
    statuses: asked.status ?? allStatuses,
    storeId: asked.storeId ?? null,
    courierId: asked.courierId ?? null,
    since: asked.since ?? null,
    before: cursorOf(wire.OrderCursor, cursor),
    limit: limit + 1,
  })
  return ok(page(orders, limit, keyOf))
}

/** One of many: what came of it, or its own problem. */
function itemOf<T extends { ok: true }>(outcome: T | Refused): T | { ok: false; problem: object } {
  return outcome.ok ? outcome : { ok: false, problem: problemOf(outcome) }
}

function found<T>(row: T | null): T {
  if (row === null) throw new AppError('not_found')
  return row
}

/** A store’s token implies its store; an admin names one. Another’s store does not exist for a store. */
function storeOf(ctx: Ctx, storeId: number | undefined): number {
  if (ctx.principal?.role === 'store') {
    const own = callerId(ctx)
    if (storeId !== undefined && storeId !== own) throw new AppError('not_found', 'There is no such store')
    return own
  }
  if (storeId !== undefined) return storeId
  throw new AppError('validation_failed', 'An admin names the store', {
    errors: [{ path: 'storeId', message: 'Needed from an admin' }],
  })
}

/** A courier shows that it is still the one who delivered; an admin acts on its own word. */
function delivererOf(ctx: Ctx, fence: number | undefined): { courierId: number; fence: number } | null {
  if (ctx.principal?.role !== 'courier') return null
  if (fence !== undefined) return { courierId: callerId(ctx), fence }
  throw new AppError('validation_failed', 'A courier shows the fence', {
    errors: [{ path: 'fence', message: 'Needed from a courier' }],
  })
}

/** Another courier does not exist for a courier. */
function ownCourier(ctx: Ctx, id: number): number {
  if (ctx.principal?.role === 'courier' && callerId(ctx) !== id) throw new AppError('not_found')
  return id
}

function refuseAllBut(change: object, allowed: string): void {
  const others = Object.keys(change).filter((name) => name !== allowed)
  if (others.length === 0) return
  throw new AppError('forbidden', `A courier may change only: ${allowed}`, {
    errors: others.map((path) => ({ path, message: 'An admin changes this' })),
  })
}
