import { beforeEach, describe, expect, it } from 'vitest'
import { directDb } from '../../../dev/postgres/direct-db.ts'
import { effect } from '../../../functions/core/idempotency.ts'
import { acceptOrder } from '../../../functions/dispatch/assignments/accept.ts'
import { assignOrders } from '../../../functions/dispatch/assignments/assign-many.ts'
import { claimOrder } from '../../../functions/dispatch/assignments/claim.ts'
import { claimNextOrder } from '../../../functions/dispatch/assignments/claim-next.ts'
import { declineOrder } from '../../../functions/dispatch/assignments/decline.ts'
import { releaseOrder } from '../../../functions/dispatch/assignments/release.ts'
import { returnExpired } from '../../../functions/dispatch/assignments/return-expired.ts'
import { makeSearchStart } from '../../../functions/dispatch/assignments/search-start.ts'
import { eventFor, type FeedEvent } from '../../../functions/dispatch/feed.ts'
import { cancelOrder } from '../../../functions/dispatch/orders/cancel.ts'
import { deliverOrder } from '../../../functions/dispatch/orders/deliver.ts'
import { editOrder } from '../../../functions/dispatch/orders/edit.ts'
import { failOrder } from '../../../functions/dispatch/orders/fail.ts'
import { listOrders } from '../../../functions/dispatch/orders/list.ts'
import { pickUpOrder } from '../../../functions/dispatch/orders/pickup.ts'
import { readOrder } from '../../../functions/dispatch/orders/read.ts'
import { reopenOrder } from '../../../functions/dispatch/orders/reopen.ts'
import { returnOrder } from '../../../functions/dispatch/orders/return.ts'
import { settleDeliveries } from '../../../functions/dispatch/orders/settle.ts'
import { undoDelivery } from '../../../functions/dispatch/orders/undo.ts'
import type { OrderStatus } from '../../../schema/dispatch/states.ts'
import { freshDatabase } from '../../support/database.ts'
import { freshProxy } from '../../support/proxy.ts'
import { contextsOf } from '../support/context.ts'
import { asAdmin, asCourier, asStore, givenCourier, givenOrder, givenStore } from '../support/given.ts'
import { broken } from '../support/invariants.ts'

/* One caller at a time. The other files let the verbs race. */
const database = await freshDatabase()
const admin = database.admin
const as = contextsOf(database, await freshProxy(database))
const storeId = await givenStore(admin)

beforeEach(async () => {
  await admin.query('truncate dispatch.order_exclusions, dispatch.order_events, dispatch.orders cascade')
  await admin.query('delete from dispatch.couriers')
})

const claim = (courierId: number, orderId: number) =>
  claimOrder(as(asCourier(courierId)), { orderId, courierId })
const claimNext = (courierId: number) =>
  claimNextOrder(as(asCourier(courierId)), { courierId, start: makeSearchStart() })
const reasonOf = (answer: { ok: boolean; reason?: string }) => (answer.ok ? 'ok' : answer.reason)

describe('a claim', () => {
  it('takes a new order for an available courier with room, counts its boxes and raises the fence', async () => {
    const [courier, away, small] = [
      await givenCourier(admin),
      await givenCourier(admin, { available: false }),
      await givenCourier(admin, { capacity: 1 }),
    ]
    const orderId = await givenOrder(admin, { storeId })
    const taken = await givenOrder(admin, { storeId, courierId: courier, status: 'accepted' })
    expect(reasonOf(await claim(away, orderId))).toBe('courier_unavailable')
    expect(reasonOf(await claim(small, orderId))).toBe('courier_at_capacity')
    expect(reasonOf(await claim(small, taken))).toBe('order_taken')
    expect(await claim(courier, orderId)).toMatchObject({ ok: true, order: { fence: 1 } })
    expect(await broken(admin)).toEqual([])
  })

  it.each([
    ['declined', declineOrder],
    ['released', releaseOrder],
  ] as const)('does not take an order that its courier %s', async (_, giveBack) => {
    const courierId = await givenCourier(admin)
    const orderId = await givenOrder(admin, { storeId, courierId, status: 'assigned' })
    const back = { orderId, courierId, fence: 1, reason: 'too far' }
    expect(reasonOf(await giveBack(as(asCourier(courierId)), back))).toBe('ok')
    expect(reasonOf(await claim(courierId, orderId))).toBe('excluded')
    expect(await claimNext(courierId)).toMatchObject({ ok: true, order: null })
    expect(await broken(admin)).toEqual([])
  })

  it('takes an order whose lease has expired, although no job has returned it', async () => {
    const [former, next] = [await givenCourier(admin), await givenCourier(admin)]
    const orderId = await givenOrder(admin, { storeId, courierId: former, status: 'assigned', expired: true })
    expect(await claim(next, orderId)).toMatchObject({ ok: true, order: { fence: 2 } })
    expect(await broken(admin)).toEqual([])
  })

  it('answers the order that its courier holds already as it is, and refuses one that it has accepted', async () => {
    const courierId = await givenCourier(admin)
    const held = await givenOrder(admin, { storeId, courierId, status: 'assigned' })
    const accepted = await givenOrder(admin, { storeId, courierId, status: 'accepted' })
    expect(await claim(courierId, held)).toMatchObject({ ok: true, order: { fence: 1 } })
    expect(reasonOf(await claim(courierId, accepted))).toBe('illegal_transition')
    expect(await broken(admin)).toEqual([])
  })

  it('is busy while another session holds the order for longer than lock_timeout', async () => {
    const courierId = await givenCourier(admin)
    const orderId = await givenOrder(admin, { storeId })
    const [keeper, impatient] = [await database.connect(), await database.connect(database.workerUrl)]
    await impatient.query(`set lock_timeout = '50ms'`)
    await keeper.query('begin')
    await keeper.query('select from dispatch.orders for update')
    const ctx = Object.assign(as(asCourier(courierId)), { db: directDb(impatient) })
    expect(reasonOf(await claimOrder(ctx, { orderId, courierId }))).toBe('order_busy')
    await keeper.query('rollback')
  })
})

describe('claim-next', () => {
  it('takes the nearest order that fits, and an older one only when none is near', async () => {
    const courierId = await givenCourier(admin, { capacity: 4, at: [51.5, -0.12] })
    const unplaced = await givenOrder(admin, { storeId, boxes: 1 })
    await givenOrder(admin, { storeId, at: [51.5, -0.12], boxes: 5 })
    await givenOrder(admin, { storeId, at: [53, -0.12], boxes: 4 })
    const near = await givenOrder(admin, { storeId, at: [51.6, -0.12], boxes: 3 })
    expect(await claimNext(courierId)).toMatchObject({ ok: true, order: { id: near } })
    expect(await claimNext(courierId)).toMatchObject({ ok: true, order: { id: unplaced } })
    expect(await claimNext(courierId)).toMatchObject({ ok: true, order: null })
    expect(await broken(admin)).toEqual([])
  })

  it('looks before its start when there is nothing after it', async () => {
    const courierId = await givenCourier(admin)
    const only = await givenOrder(admin, { storeId })
    const start = { at: () => only + 1, passed: () => undefined }
    expect(await claimNextOrder(as(asCourier(courierId)), { courierId, start })).toMatchObject({
      order: { id: only },
    })
  })

  it('takes an order whose lease has expired, although no job has returned it', async () => {
    const [former, next] = [await givenCourier(admin), await givenCourier(admin)]
    const orderId = await givenOrder(admin, { storeId, courierId: former, status: 'assigned', expired: true })
    expect(await claimNext(next)).toMatchObject({ ok: true, order: { id: orderId, fence: 2 } })
    expect(await broken(admin)).toEqual([])
  })

  it('counts the room that an expired lease of the courier itself takes', async () => {
    const courierId = await givenCourier(admin, { capacity: 5 })
    const lapsed = { storeId, courierId, status: 'assigned', expired: true } as const
    const [held, fresh] = [
      await givenOrder(admin, { ...lapsed, boxes: 4 }),
      await givenOrder(admin, { storeId, boxes: 3 }),
    ]
    const next = await claimNext(courierId)
    expect([held, fresh]).toContain(next.ok && next.order?.id)
    expect(await broken(admin)).toEqual([])
  })

  it('ends no lease of an order that the courier cannot carry or gave back', async () => {
    const [former, next] = [
      await givenCourier(admin, { capacity: 20 }),
      await givenCourier(admin, { capacity: 4 }),
    ]
    const back = await givenOrder(admin, { storeId, boxes: 1, courierId: next, status: 'assigned' })
    await declineOrder(as(asCourier(next)), { orderId: back, courierId: next, fence: 1, reason: 'too far' })
    expect(reasonOf(await claim(former, back))).toBe('ok')
    await admin.query(`update dispatch.orders set lease_expires_at = now() - interval '1 second'`)
    const lapsed = { storeId, courierId: former, status: 'assigned', expired: true } as const
    await givenOrder(admin, { ...lapsed, boxes: 5 })
    expect(await claimNext(next)).toEqual({ ok: true, order: null, oldest: false })
    const wanted = await givenOrder(admin, { ...lapsed, boxes: 4 })
    expect(await claimNext(next)).toMatchObject({ ok: true, order: { id: wanted } })
    const { rows } = await admin.query('select status, courier_id::int from dispatch.orders where id <> $1', [
      wanted,
    ])
    expect(rows).toEqual([
      { status: 'assigned', courier_id: former },
      { status: 'assigned', courier_id: former },
    ])
    expect(await broken(admin)).toEqual([])
  })
})

describe('a list', () => {
  it('shows an expired lease as it stands, until the job returns the order', async () => {
    const courierId = await givenCourier(admin)
    const orderId = await givenOrder(admin, { storeId, courierId, status: 'assigned', expired: true })
    const list = () => listOrders(as(asStore(storeId)), { before: null, limit: 50 })
    const [held] = await list()
    expect(held).toMatchObject({ id: orderId, status: 'assigned', courierId, version: 2 })
    expect(Date.parse(held?.lease?.expiresAt ?? '')).toBeLessThan(Date.now())
    await as(asAdmin).db.query(returnExpired())
    expect(await list()).toMatchObject([
      { id: orderId, status: 'new', courierId: null, lease: null, version: 3 },
    ])
  })
})

describe('a bulk assignment', () => {
  it('takes new orders only, and counts their boxes', async () => {
    const courierId = await givenCourier(admin, { capacity: 20 })
    const orders = [
      await givenOrder(admin, { storeId }),
      await givenOrder(admin, { storeId, status: 'canceled' }),
      await givenOrder(admin, { storeId, courierId, status: 'accepted' }),
    ]
    const answers = await assignOrders(as(asAdmin), { orderIds: orders, limit: 3, courierIds: [courierId] })
    expect(answers.map(({ ok }) => ok)).toEqual([true, false, false])
    expect(await broken(admin)).toEqual([])
  })

  it('plans no more boxes than a courier has room for', async () => {
    const courierId = await givenCourier(admin, { capacity: 3 })
    const orders = [await givenOrder(admin, { storeId }), await givenOrder(admin, { storeId })]
    const answers = await assignOrders(as(asAdmin), { orderIds: orders, limit: 2, courierIds: [courierId] })
    expect(answers.map(reasonOf)).toEqual(['ok', 'no_courier'])
    expect(await broken(admin)).toEqual([])
  })
})

describe('the sweep', () => {
  it('returns the orders whose lease has expired, with their boxes, and no others', async () => {
    const courierId = await givenCourier(admin)
    await givenOrder(admin, { storeId, courierId, status: 'assigned', expired: true })
    await givenOrder(admin, { storeId, courierId, status: 'assigned' })
    expect(await effect(as(null), returnExpired())).toEqual({ rows: 1 })
    expect(await broken(admin)).toEqual([])
  })
})

it('the settlement leaves a delivery that can still be undone', async () => {
  const courierId = await givenCourier(admin)
  await givenOrder(admin, { storeId, courierId, status: 'delivered' })
  expect(await effect(as(null), settleDeliveries())).toEqual({ rows: 0 })
})

describe('an edit', () => {
  it('changes a new order of the caller within the limit of its store', async () => {
    const [ours, theirs] = [await givenStore(admin, { boxLimit: 10 }), await givenStore(admin)]
    const id = await givenOrder(admin, { storeId: ours })
    const edit = (by: number, order: number, boxesCount: number) =>
      editOrder(as(asStore(by)), { id: order, version: 1, change: { boxesCount } })
    expect(reasonOf(await edit(theirs, id, 3))).toBe('not_found')
    expect(await edit(ours, id, 11)).toMatchObject({ reason: 'box_limit_exceeded', boxLimit: 10 })
    expect(reasonOf(await edit(ours, id, 3))).toBe('ok')
    const courierId = await givenCourier(admin)
    const claimed = await givenOrder(admin, { storeId: ours, courierId, status: 'assigned' })
    const late = { id: claimed, version: 2, change: { boxesCount: 3 } }
    expect(reasonOf(await editOrder(as(asStore(ours)), late))).toBe('illegal_transition')
    expect(await broken(admin, [claimed])).toEqual([])
  })
})

it('an order is visible to its store, its courier and, while it is new, to every courier', async () => {
  const [holder, rival] = [await givenCourier(admin), await givenCourier(admin)]
  const stranger = await givenStore(admin)
  const open = await givenOrder(admin, { storeId })
  const held = await givenOrder(admin, { storeId, courierId: holder, status: 'assigned' })
  const seen = async (id: number) => {
    const callers = [asAdmin, asStore(storeId), asStore(stranger), asCourier(holder), asCourier(rival)]
    const answers = await Promise.all(callers.map((who) => readOrder(as(who), { orderId: id })))
    return answers.map((order) => order !== null)
  }
  expect(await seen(open)).toEqual([true, true, false, true, true])
  expect(await seen(held)).toEqual([true, true, false, true, false])
})

it('an event of an order is streamed to its own store', async () => {
  const event = { type: 'created', order: { storeId } } as FeedEvent
  expect(eventFor(event, asStore(storeId))).toEqual({ type: 'created', data: event })
  expect(eventFor(event, asStore(storeId + 1))).toBeNull()
})

describe('from every status but its own, an order cannot be moved', () => {
  const held = (orderId: number, courierId: number) => ({ orderId, courierId, fence: 1 })
  const because = { reason: 'a test' }
  type Step = (orderId: number, courierId: number) => Promise<{ ok: boolean; reason?: string }>
  const courier = (id: number) => as(asCourier(id))
  const owner = as(asStore(storeId))

  it.each<[string, OrderStatus[], Step]>([
    ['accept', ['assigned'], (order, id) => acceptOrder(courier(id), held(order, id))],
    ['decline', ['assigned'], (order, id) => declineOrder(courier(id), { ...held(order, id), ...because })],
    [
      'release',
      ['assigned', 'accepted'],
      (order, id) => releaseOrder(courier(id), { ...held(order, id), ...because }),
    ],
    ['pickup', ['accepted'], (order, id) => pickUpOrder(courier(id), held(order, id))],
    ['deliver', ['picked_up'], (order, id) => deliverOrder(courier(id), held(order, id))],
    ['fail', ['picked_up'], (order, id) => failOrder(courier(id), { ...held(order, id), ...because })],
    ['cancel', ['new', 'assigned', 'accepted', 'picked_up'], (orderId) => cancelOrder(owner, { orderId })],
    ['reopen', ['failed'], (orderId) => reopenOrder(owner, { orderId })],
    ['return', ['failed'], (orderId) => returnOrder(owner, { orderId })],
    ['undo', ['delivered'], (orderId) => undoDelivery(as(asAdmin), { orderId, by: null, ...because })],
  ])('by %s', async (_, from, step) => {
    const moved: OrderStatus[] = []
    for (const status of [
      'new',
      'assigned',
      'accepted',
      'picked_up',
      'delivered',
      'canceled',
      'failed',
    ] as const) {
      const courierId = await givenCourier(admin)
      const free = status === 'new' || status === 'canceled'
      const orderId = await givenOrder(admin, { storeId, status, ...(free ? {} : { courierId }) })
      if ((await step(orderId, courierId)).ok) moved.push(status)
    }
    expect(moved).toEqual(from)
    expect(await broken(admin)).toEqual([])
  })
})
