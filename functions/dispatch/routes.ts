import * as z from 'zod'
import { type Ctx } from '../core/context.ts'
import { AppError, orThrow, problemOf, type Refused } from '../core/errors.ts'
import {
  at,
  callerId,
  created,
  type Endpoint,
  type Given,
  noContent,
  ok,
  versioned,
} from '../http/endpoint.ts'
import { IdPath, Page, PageQuery, pathId } from '../http/fields.ts'
import { cursorOf, page } from '../http/page.ts'
import { openStream } from '../http/stream.ts'
import * as wire from './contract.ts'
import { addCourier } from './couriers/add.ts'
import { editCourier } from './couriers/edit.ts'
import { listCouriers } from './couriers/list.ts'
import { readCourier } from './couriers/read.ts'
import { reportPosition } from './couriers/report-position.ts'
import { acceptOrder } from './orders/accept.ts'
import { assignOrder } from './orders/assign.ts'
import { assignOrders } from './orders/assign-many.ts'
import { cancelOrder } from './orders/cancel.ts'
import { claimOrder } from './orders/claim.ts'
import { claimNextOrder } from './orders/claim-next.ts'
import { createOrder } from './orders/create.ts'
import { createBulk } from './orders/create-bulk.ts'
import { declineOrder } from './orders/decline.ts'
import { deliverOrder } from './orders/deliver.ts'
import { editOrder } from './orders/edit.ts'
import { failOrder } from './orders/fail.ts'
import { readHistory } from './orders/history.ts'
import { listOrders } from './orders/list.ts'
import { pickUpOrder } from './orders/pickup.ts'
import { quoteOrder } from './orders/quote.ts'
import { readOrder } from './orders/read.ts'
import { releaseOrder } from './orders/release.ts'
import { reopenOrder } from './orders/reopen.ts'
import { returnOrder } from './orders/return.ts'
import { readStats } from './orders/stats.ts'
import { moveOrders } from './orders/transition-many.ts'
import { undoDelivery } from './orders/undo.ts'
import { addStore } from './stores/add.ts'
import { editStore } from './stores/edit.ts'
import { listStores } from './stores/list.ts'
import { readStore } from './stores/read.ts'

const base = '/v1/dispatch'
const on = at(base, 'dispatch')
const everybody = ['admin', 'store', 'courier'] as const

type Problems = Endpoint['problems']
const lost: Problems = ['illegal_transition', 'stale_fence', 'order_busy']
const allStatuses = wire.OrderStatus.options
const ListQuery = z.strictObject({ ...wire.OrderFilter, ...PageQuery })
const keyOf = (order: wire.ListedOrder) => [order.createdAt, order.id]

export const dispatchEndpoints: Endpoint[] = [
  on.post(
    '/orders',
    {
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
  on.post(
    '/orders/quote',
    {
      summary: 'Price an order without posting it',
      roles: ['store', 'admin'],
      body: wire.QuoteRequest,
      answers: { 200: wire.Quote },
    },
    async (_ctx, { body }) => ok(quoteOrder(body)),
  ),
  on.post(
    '/orders/bulk',
    {
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
  on.get(
    '/orders',
    {
      summary: 'List orders, newest first',
      description: 'A store sees its own orders, a courier the available ones and its own.',
      roles: everybody,
      query: z.strictObject({
        ...wire.OrderFilter,
        storeId: pathId.optional(),
        courierId: pathId.optional(),
        ...PageQuery,
      }),
      answers: { 200: Page(wire.ListedOrder) },
    },
    async (ctx, { query }) => listed(ctx, query),
  ),
  on.post(
    '/orders/claim-next',
    {
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
  on.get(
    '/orders/{id}',
    {
      summary: 'Read an order',
      roles: everybody,
      params: IdPath,
      answers: { 200: wire.Order },
    },
    async (ctx, { params }) => versioned(found(await readOrder(ctx, { orderId: params.id }))),
  ),
  on.patch(
    '/orders/{id}',
    {
      summary: 'Change an order while it is new',
      roles: ['store', 'admin'],
      params: IdPath,
      body: wire.OrderChange,
      ifMatch: true,
      answers: { 200: wire.Order },
      problems: ['illegal_transition', 'box_limit_exceeded'],
    },
    async (ctx, { params, version, body }) =>
      versioned(orThrow(await editOrder(ctx, { id: params.id, version, change: body })).value),
  ),
  on.get(
    '/orders/{id}/events',
    {
      summary: 'What happened to an order, oldest first',
      roles: everybody,
      params: IdPath,
      query: z.strictObject(PageQuery),
      answers: { 200: Page(wire.OrderEvent) },
    },
    async (ctx, { params, query: { limit, cursor } }) => {
      const [after = null] = cursorOf(wire.IdCursor, cursor) ?? []
      const events = found(await readHistory(ctx, { orderId: params.id, after, limit: limit + 1 }))
      return ok(page(events, limit, ({ id }) => [id]))
    },
  ),
  on.post(
    '/orders/{id}/claim',
    {
      summary: 'Claim an order',
      description: 'One courier wins, however many ask. Accept before the lease ends, or it goes back.',
      roles: ['courier'],
      params: IdPath,
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

  on.post(
    '/orders/steps',
    {
      summary: 'Accept, pick up or deliver many orders',
      description:
        'In one statement, with an answer for each. A courier moves what it holds, an admin whatever the fence fits.',
      roles: ['courier', 'admin'],
      body: wire.StepBatch,
      bodyLimitBytes: 128 * 1024,
      answers: { 200: z.object({ data: z.array(wire.StepAnswer) }) },
    },
    async (ctx, { body }) => {
      const moved = await moveOrders(ctx, body)
      return ok({ data: moved.map(({ orderId, ...outcome }) => ({ orderId, ...itemOf(outcome) })) })
    },
  ),
  on.post(
    '/assignments',
    {
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
  on.get(
    '/stats',
    {
      summary: 'What is live now, how long states last, who loses claims',
      roles: ['admin'],
      query: z.strictObject({ hours: z.coerce.number().int().min(1).max(48).default(24) }),
      answers: { 200: wire.Stats },
    },
    async (ctx, { query }) => ok(await readStats(ctx, query)),
  ),
  on.get(
    '/events',
    {
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

  on.post(
    '/stores',
    {
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
  on.get(
    '/stores',
    {
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
  on.get(
    '/stores/{id}',
    {
      summary: 'Read a store',
      roles: everybody,
      params: IdPath,
      answers: { 200: wire.Store },
    },
    async (ctx, { params }) => versioned(found(await readStore(ctx, params))),
  ),
  on.patch(
    '/stores/{id}',
    {
      summary: 'Change a store',
      roles: ['admin'],
      params: IdPath,
      body: wire.StoreChange,
      ifMatch: true,
      answers: { 200: wire.Store },
      problems: ['unprocessable'],
    },
    async (ctx, { params, version, body }) =>
      versioned(orThrow(await editStore(ctx, { id: params.id, version, change: body })).value),
  ),

  on.post(
    '/couriers',
    {
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
  on.get(
    '/couriers',
    {
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
  on.get(
    '/couriers/{id}',
    {
      summary: 'Read a courier',
      roles: ['admin', 'courier'],
      params: IdPath,
      answers: { 200: wire.Courier },
    },
    async (ctx, { params }) => versioned(found(await readCourier(ctx, { id: ownCourier(ctx, params.id) }))),
  ),
  on.patch(
    '/couriers/{id}',
    {
      summary: 'Change a courier',
      description: 'A courier changes only whether it is available.',
      roles: ['admin', 'courier'],
      params: IdPath,
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
  on.put(
    '/couriers/{id}/position',
    {
      summary: 'Report where a courier is',
      roles: ['courier', 'admin'],
      params: IdPath,
      body: wire.Position,
      answers: { 204: null },
    },
    async (ctx, { params, body }) => {
      const moved = await reportPosition(ctx, { ...body, id: ownCourier(ctx, params.id) })
      if (!moved) throw new AppError('not_found')
      return noContent()
    },
  ),
  on.get(
    '/couriers/{id}/orders',
    {
      summary: 'List the orders of a courier, newest first',
      roles: ['admin', 'courier'],
      params: IdPath,
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
  return on.post(
    `/orders/{id}/${name}`,
    {
      ...spec,
      params: IdPath,
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
