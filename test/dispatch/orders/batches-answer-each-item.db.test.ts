import { describe, expect, it } from 'vitest'
import { assignOrders } from '../../../functions/dispatch/assignments/assign-many.ts'
import { claimOrder } from '../../../functions/dispatch/assignments/claim.ts'
import { declineOrder } from '../../../functions/dispatch/assignments/decline.ts'
import { createBulk } from '../../../functions/dispatch/orders/create-bulk.ts'
import { transitionOrders } from '../../../functions/dispatch/orders/transition-many.ts'
import { freshDatabase } from '../../support/database.ts'
import { freshProxy } from '../../support/proxy.ts'
import { contextsOf } from '../support/context.ts'
import {
  asAdmin,
  asCourier,
  asStore,
  givenCourier,
  givenCouriers,
  givenOrder,
  givenOrders,
  givenStore,
} from '../support/given.ts'
import { broken } from '../support/invariants.ts'

const database = await freshDatabase()
const proxy = await freshProxy(database)
const admin = database.admin

const as = contextsOf(database, proxy)

const order = (more: object = {}) => ({
  deliveryAddress: '2 Long Lane',
  recipientName: 'Rosa',
  phone: '+44 20 7946 0000',
  boxesCount: 2,
  ...more,
})

describe('a bulk creation', () => {
  it('answers each item in its place, and an invalid item does not affect the others', async () => {
    const storeId = await givenStore(admin, { boxLimit: 20 })
    const ctx = as(asStore(storeId))
    const outcomes = await createBulk(ctx, {
      ownStore: storeId,
      orders: [
        order({ deliveryAddress: 'first' }),
        order({ boxesCount: 0 }),
        order({ boxesCount: 21 }),
        order({ storeId: storeId + 999 }),
        order({ colour: 'red' }),
        'no order at all',
        order({ deliveryAddress: 'last', boxesCount: 9 }),
      ],
    })
    expect(outcomes).toMatchObject([
      { ok: true, order: { deliveryAddress: 'first', storeId, priceMinor: 3500, status: 'new' } },
      { ok: false, reason: 'validation_failed', errors: [{ path: 'boxesCount' }] },
      { ok: false, reason: 'box_limit_exceeded', boxLimit: 20 },
      { ok: false, reason: 'not_found' },
      { ok: false, reason: 'validation_failed' },
      { ok: false, reason: 'validation_failed' },
      { ok: true, order: { deliveryAddress: 'last', boxesCount: 9, priceMinor: 7000 } },
    ])
    expect(ctx.metrics.trips).toBe(1)
    expect(await broken(admin)).toEqual([])
  })

  it('answers each of five hundred orders', async () => {
    const storeId = await givenStore(admin)
    const addresses = Array.from({ length: 500 }, (_, at) => `${at} Long Lane`)
    const outcomes = await createBulk(as(asStore(storeId)), {
      ownStore: storeId,
      orders: addresses.map((deliveryAddress) => order({ deliveryAddress })),
    })
    expect(outcomes.map((one) => one.ok && one.order.deliveryAddress)).toEqual(addresses)
  })
})

describe('a bulk assignment', () => {
  it('prefers the nearest courier, and avoids those that are laden, full, unavailable or excluded', async () => {
    const storeId = await givenStore(admin)
    const london = await givenCourier(admin, { at: [51.5, -0.1] })
    const paris = await givenCourier(admin, { at: [48.9, 2.3] })
    const away = await givenCourier(admin, { at: [51.5, -0.1], available: false })
    const orders = [
      await givenOrder(admin, { storeId, boxes: 4, at: [51.51, -0.1] }),
      await givenOrder(admin, { storeId, boxes: 4, at: [48.91, 2.3] }),
      await givenOrder(admin, { storeId, boxes: 5, at: [51.51, -0.1] }),
      await givenOrder(admin, { storeId, boxes: 4, at: [48.91, 2.3] }),
      await givenOrder(admin, { storeId, boxes: 4, at: [48.91, 2.3] }),
    ]
    const tried = { orderId: orders[3] ?? 0, courierId: paris }
    await claimOrder(as(asCourier(paris)), tried)
    await declineOrder(as(asCourier(paris)), { ...tried, fence: 1, reason: 'too far' })
    const ctx = as(asAdmin)
    const answers = await assignOrders(ctx, {
      orderIds: [...orders, 999_999],
      limit: 500,
      courierIds: [london, paris, away],
    })
    expect(answers).toMatchObject([
      { orderId: orders[0], ok: true, courierId: london },
      { orderId: orders[1], ok: true, courierId: paris },
      { orderId: orders[2], ok: false, reason: 'no_courier' },
      { orderId: orders[3], ok: true, courierId: london },
      { orderId: orders[4], ok: true, courierId: paris },
      { orderId: 999_999, ok: false, reason: 'not_found' },
    ])
    expect(ctx.metrics.trips).toBe(1)
    expect(
      await assignOrders(as(asAdmin), { orderIds: [orders[0] ?? 0], limit: 1, courierIds: null }),
    ).toMatchObject([{ ok: false, reason: 'order_taken' }])
    expect(await broken(admin)).toEqual([])
  })

  it('shares the load among couriers at one position', async () => {
    const storeId = await givenStore(admin)
    const couriers = await givenCouriers(admin, 4, { at: [51.5, -0.1] })
    const orderIds = await givenOrders(admin, 8, { storeId, boxes: 2, at: [51.5, -0.1] })
    await assignOrders(as(asAdmin), { orderIds, limit: 500, courierIds: couriers })
    const { rows } = await admin.query('select held_boxes from dispatch.couriers where id = any ($1)', [
      couriers,
    ])
    expect(rows.map(({ held_boxes }) => held_boxes)).toEqual([4, 4, 4, 4])
    expect(await broken(admin)).toEqual([])
  })
})

describe('a bulk transition', () => {
  it('changes each order that allows it and answers a reason for the others', async () => {
    const storeId = await givenStore(admin)
    const ana = await givenCourier(admin, { capacity: 100 })
    const ben = await givenCourier(admin, { capacity: 100 })
    const held = { storeId, courierId: ana }
    const [first, second, done, others, late] = [
      await givenOrder(admin, { ...held, status: 'assigned' }),
      await givenOrder(admin, { ...held, status: 'assigned' }),
      await givenOrder(admin, { ...held, status: 'picked_up' }),
      await givenOrder(admin, { storeId, courierId: ben, status: 'assigned' }),
      await givenOrder(admin, { ...held, status: 'assigned', expired: true }),
    ]
    const fenced = (orderId: number, fence = 1) => ({ orderId, fence })
    const ctx = as(asCourier(ana))
    const moved = await transitionOrders(ctx, {
      step: 'accept',
      orders: [fenced(second), fenced(first), fenced(done), fenced(others), fenced(late), fenced(999_999)],
    })
    expect(moved).toEqual([
      { orderId: second, ok: true, status: 'accepted' },
      { orderId: first, ok: true, status: 'accepted' },
      { orderId: done, ok: false, reason: 'illegal_transition', from: 'picked_up', to: 'accepted' },
      { orderId: others, ok: false, reason: 'not_found', detail: 'You hold no such order' },
      { orderId: late, ok: false, reason: 'lease_expired' },
      { orderId: 999_999, ok: false, reason: 'not_found', detail: 'You hold no such order' },
    ])
    expect(ctx.metrics.trips).toBe(1)
    const stale = await transitionOrders(as(asAdmin), {
      step: 'pickup',
      orders: [fenced(first, 7), fenced(second)],
    })
    expect(stale).toMatchObject([{ reason: 'stale_fence' }, { ok: true, status: 'picked_up' }])
    const delivered = await transitionOrders(as(asCourier(ana)), {
      step: 'deliver',
      orders: [fenced(second), fenced(done)],
    })
    expect(delivered.every((one) => one.ok)).toBe(true)
    expect(await broken(admin)).toEqual([])
  })

  it('skips an order locked by another transaction without waiting', async () => {
    const storeId = await givenStore(admin)
    const ana = await givenCourier(admin)
    const [free, locked] = await givenOrders(admin, 2, { storeId, courierId: ana, status: 'assigned' })
    const holder = await database.connect()
    await holder.query('begin')
    await holder.query('select from dispatch.orders where id = $1 for update', [locked])
    const orders = [free, locked].map((orderId) => ({ orderId: orderId ?? 0, fence: 1 }))
    const moved = await transitionOrders(as(asCourier(ana)), { step: 'accept', orders })
    expect(moved).toMatchObject([{ ok: true }, { ok: false, reason: 'order_busy', retryAfter: 1 }])
    await holder.query('rollback')
    expect(
      await transitionOrders(as(asCourier(ana)), { step: 'accept', orders: orders.slice(1) }),
    ).toMatchObject([{ ok: true }])
  })
})
