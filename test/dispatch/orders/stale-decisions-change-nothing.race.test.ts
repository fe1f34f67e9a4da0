import type pg from 'pg'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { directDb } from '../../../dev/postgres/direct-db.ts'
import type { Ctx, Principal } from '../../../functions/core/context.ts'
import type { Db } from '../../../functions/core/db.ts'
import { effect } from '../../../functions/core/idempotency.ts'
import { acceptOrder } from '../../../functions/dispatch/assignments/accept.ts'
import { assignOrder } from '../../../functions/dispatch/assignments/assign.ts'
import { assignOrders } from '../../../functions/dispatch/assignments/assign-many.ts'
import { claimOrder } from '../../../functions/dispatch/assignments/claim.ts'
import { claimNextOrder } from '../../../functions/dispatch/assignments/claim-next.ts'
import { declineOrder } from '../../../functions/dispatch/assignments/decline.ts'
import { returnExpired } from '../../../functions/dispatch/assignments/return-expired.ts'
import { makeSearchStart } from '../../../functions/dispatch/assignments/search-start.ts'
import { cancelOrder } from '../../../functions/dispatch/orders/cancel.ts'
import { deliverOrder } from '../../../functions/dispatch/orders/deliver.ts'
import { editOrder } from '../../../functions/dispatch/orders/edit.ts'
import { pickUpOrder } from '../../../functions/dispatch/orders/pickup.ts'
import { readOrder } from '../../../functions/dispatch/orders/read.ts'
import { returnOrder } from '../../../functions/dispatch/orders/return.ts'
import { settleDeliveries } from '../../../functions/dispatch/orders/settle.ts'
import { transitionOrders } from '../../../functions/dispatch/orders/transition-many.ts'
import { undoDelivery } from '../../../functions/dispatch/orders/undo.ts'
import { letLocksWait } from '../../core/barrier.ts'
import { pidOf } from '../../support/blocking.ts'
import { freshDatabase } from '../../support/database.ts'
import { freshProxy } from '../../support/proxy.ts'
import { soon } from '../../support/soon.ts'
import { contextsOf } from '../support/context.ts'
import { asAdmin, asCourier, asStore, givenCourier, givenOrder, givenStore } from '../support/given.ts'
import { broken } from '../support/invariants.ts'

/*
 * Another session changes the order or the courier in a transaction that is still open, so the verb takes its snapshot
 * before the change and its lock after it.
 */
const database = await freshDatabase()
await letLocksWait(database)
const admin = database.admin
const as = contextsOf(database, await freshProxy(database))
const [one, other] = [await database.connect(database.workerUrl), await database.connect(database.workerUrl)]
const storeId = await givenStore(admin)

beforeEach(async () => {
  await admin.query(`
    truncate dispatch.order_exclusions, dispatch.order_events, dispatch.orders, dispatch.lost_claims, core.outbox restart identity cascade`)
  await admin.query('delete from dispatch.couriers')
})

const over = (db: Db, principal: Principal | null): Ctx => Object.assign(as(principal), { db, replica: db })

/** Until the verb waits for another session, or has ended because it did not have to wait. */
async function meets(pid: number, verb: Promise<unknown>): Promise<void> {
  let ended = false
  const end = () => {
    ended = true
  }
  verb.then(end, end)
  const waiting = 'select from pg_stat_activity where pid = $1 and cardinality(pg_blocking_pids(pid)) > 0'
  await vi.waitUntil(async () => ended || (await admin.query(waiting, [pid])).rowCount, soon)
}

/** Runs the verb while `meanwhile` is done in an open transaction, which commits once the verb waits for it. */
async function during<T>(
  meanwhile: (db: Db, keeper: pg.Client) => Promise<unknown>,
  verb: (db: Db) => Promise<T>,
): Promise<T> {
  const keeper = await database.connect()
  await keeper.query('begin')
  await meanwhile(directDb(keeper), keeper)
  const pid = pidOf(one)
  const running = verb(directDb(one))
  await meets(pid, running)
  await keeper.query('commit')
  return running
}

/** Both verbs wait for a courier that another session has locked, the first one first. */
async function together(
  courierId: number,
  verbs: readonly ((db: Db) => Promise<unknown>)[],
): Promise<unknown[]> {
  const keeper = await database.connect()
  await keeper.query('begin')
  await keeper.query('select from dispatch.couriers where id = $1 for update', [courierId])
  const running: Promise<unknown>[] = []
  for (const [at, verb] of verbs.entries()) {
    const client = at === 0 ? one : other
    const pid = pidOf(client)
    const answer = verb(directDb(client)).catch((error: unknown) => error)
    running.push(answer)
    await meets(pid, answer)
  }
  await keeper.query('commit')
  return Promise.all(running)
}

async function claimAndGiveBack(db: Db, orderId: number, courierId: number): Promise<void> {
  const ctx = over(db, asCourier(courierId))
  expect(await claimOrder(ctx, { orderId, courierId })).toMatchObject({ ok: true })
  expect(await declineOrder(ctx, { orderId, courierId, fence: 1, reason: 'too far' })).toMatchObject({
    ok: true,
  })
}

describe('a courier that gives the order back while a decision about it waits', () => {
  it('does not get it by its own claim', async () => {
    const courierId = await givenCourier(admin)
    const orderId = await givenOrder(admin, { storeId })
    const claimed = await during(
      (db) => claimAndGiveBack(db, orderId, courierId),
      (db) => claimOrder(over(db, asCourier(courierId)), { orderId, courierId }),
    )
    expect(claimed).toMatchObject({ ok: false, reason: 'excluded' })
    expect(await broken(admin)).toEqual([])
  })

  it('does not get it by an assignment', async () => {
    const courierId = await givenCourier(admin)
    const orderId = await givenOrder(admin, { storeId })
    const assigned = await during(
      (db) => claimAndGiveBack(db, orderId, courierId),
      (db) => assignOrder(over(db, asAdmin), { orderId, courierId }),
    )
    expect(assigned).toMatchObject({ ok: false, reason: 'excluded' })
    expect(await broken(admin)).toEqual([])
  })
})

describe('a courier that fills up while a decision about it waits', () => {
  it('gets no further order by claim-next', async () => {
    const courierId = await givenCourier(admin, { capacity: 5 })
    const full = await givenOrder(admin, { storeId, boxes: 5 })
    await givenOrder(admin, { storeId, boxes: 2 })
    const next = await during(
      // The first order stays locked, so claim-next skips it and waits for the courier only.
      (db) => claimOrder(over(db, asCourier(courierId)), { orderId: full, courierId }),
      (db) => claimNextOrder(over(db, asCourier(courierId)), { courierId, start: makeSearchStart() }),
    )
    expect(next).toEqual({ ok: true, order: null, oldest: false })
    expect(await broken(admin)).toEqual([])
  })

  it('gets no further order by an assignment', async () => {
    const courierId = await givenCourier(admin, { capacity: 5 })
    const [full, more] = [
      await givenOrder(admin, { storeId, boxes: 5 }),
      await givenOrder(admin, { storeId, boxes: 2 }),
    ]
    const assigned = await during(
      (db) => claimOrder(over(db, asCourier(courierId)), { orderId: full, courierId }),
      (db) => assignOrder(over(db, asAdmin), { orderId: more, courierId }),
    )
    expect(assigned).toMatchObject({ ok: false, reason: 'courier_at_capacity', capacityBoxes: 5 })
    expect(await broken(admin)).toEqual([])
  })

  it('keeps a delivery that an undo would give back to it', async () => {
    const courierId = await givenCourier(admin, { capacity: 5 })
    const delivered = await givenOrder(admin, { storeId, boxes: 5, courierId, status: 'delivered' })
    const full = await givenOrder(admin, { storeId, boxes: 1 })
    const undone = await during(
      (db) => claimOrder(over(db, asCourier(courierId)), { orderId: full, courierId }),
      (db) => undoDelivery(over(db, asAdmin), { orderId: delivered, by: null, reason: 'wrong door' }),
    )
    expect(undone).toEqual({ ok: false, reason: 'courier_at_capacity' })
    expect(await broken(admin)).toEqual([])
  })
})

it('a courier that becomes unavailable while claim-next waits gets no order', async () => {
  const courierId = await givenCourier(admin)
  await givenOrder(admin, { storeId })
  const next = await during(
    (_, keeper) => keeper.query('update dispatch.couriers set available = false where id = $1', [courierId]),
    (db) => claimNextOrder(over(db, asCourier(courierId)), { courierId, start: makeSearchStart() }),
  )
  expect(next).toMatchObject({ ok: false, reason: 'courier_unavailable' })
})

describe('a courier that becomes free while a decision about a changed order waits', () => {
  async function fullCourier() {
    const courierId = await givenCourier(admin, { capacity: 5 })
    const last = await givenOrder(admin, { storeId, boxes: 5, courierId, status: 'picked_up' })
    const orderId = await givenOrder(admin, { storeId })
    const meanwhile = async (db: Db) => {
      await deliverOrder(over(db, asCourier(courierId)), { orderId: last, courierId, fence: 1 })
      await editOrder(over(db, asStore(storeId)), {
        id: orderId,
        version: 1,
        change: { phone: '+44 20 7946 0001' },
      })
    }
    return { orderId, courierId, meanwhile }
  }

  it('gets the order by its claim', async () => {
    const { orderId, courierId, meanwhile } = await fullCourier()
    const claim = (db: Db) => claimOrder(over(db, asCourier(courierId)), { orderId, courierId })
    expect(await during(meanwhile, claim)).toMatchObject({ ok: true })
    expect(await broken(admin)).toEqual([])
  })

  it('gets the order by an assignment', async () => {
    const { orderId, courierId, meanwhile } = await fullCourier()
    const assign = (db: Db) => assignOrder(over(db, asAdmin), { orderId, courierId })
    expect(await during(meanwhile, assign)).toMatchObject({ ok: true })
    expect(await broken(admin)).toEqual([])
  })
})

it('claim-next takes one order, although there is one before its start and one after it', async () => {
  const courierId = await givenCourier(admin)
  const [before, after] = [await givenOrder(admin, { storeId }), await givenOrder(admin, { storeId })]
  const start = { at: () => before, passed: () => undefined }
  expect(await claimNextOrder(as(asCourier(courierId)), { courierId, start })).toMatchObject({
    ok: true,
    order: { id: after },
  })
  expect(await broken(admin)).toEqual([])
})

describe('an undo', () => {
  const deliveredBy = async (courierId: number) =>
    givenOrder(admin, { storeId, courierId, status: 'delivered' })
  const state = async () => (await admin.query('select status, version from dispatch.orders')).rows

  it('of a courier that shows an older fence changes nothing', async () => {
    const courierId = await givenCourier(admin)
    const orderId = await deliveredBy(courierId)
    await admin.query('update dispatch.orders set fence = 2')
    const before = await state()
    const undo = { orderId, by: { courierId, fence: 1 }, reason: 'wrong door' }
    expect(await undoDelivery(as(asCourier(courierId)), undo)).toEqual({ ok: false, reason: 'stale_fence' })
    expect(await state()).toEqual(before)
    expect(
      await undoDelivery(as(asCourier(courierId)), { ...undo, by: { courierId, fence: 2 } }),
    ).toMatchObject({ ok: true })
  })

  it('of a courier that did not deliver changes nothing', async () => {
    const [courierId, rival] = [await givenCourier(admin), await givenCourier(admin)]
    const orderId = await deliveredBy(courierId)
    const before = await state()
    const undo = { orderId, by: { courierId: rival, fence: 1 }, reason: 'wrong door' }
    expect(await undoDelivery(as(asCourier(rival)), undo)).toMatchObject({ ok: false, reason: 'not_found' })
    expect(await state()).toEqual(before)
  })

  it('after its time changes nothing, although the delivery is not settled yet', async () => {
    const courierId = await givenCourier(admin)
    const orderId = await givenOrder(admin, { storeId, courierId, status: 'delivered', due: true })
    const before = await state()
    const undo = { orderId, by: { courierId, fence: 1 }, reason: 'wrong door' }
    expect(await undoDelivery(as(asCourier(courierId)), undo)).toEqual({
      ok: false,
      reason: 'delivery_final',
    })
    expect(await state()).toEqual(before)
  })
})

it('a delivery is settled once and emitted once', async () => {
  const courierId = await givenCourier(admin)
  await givenOrder(admin, { storeId, courierId, status: 'delivered', due: true })
  expect(await effect(as(null), settleDeliveries())).toEqual({ rows: 1 })
  expect(await effect(as(null), settleDeliveries())).toEqual({ rows: 0 })
  expect((await admin.query('select from core.outbox')).rowCount).toBe(1)
})

describe('an assignment', () => {
  it('to a courier that cannot take the order states the reason and changes nothing', async () => {
    const [small, roomy, absent, carrier] = [
      await givenCourier(admin, { capacity: 1 }),
      await givenCourier(admin),
      await givenCourier(admin, { available: false }),
      await givenCourier(admin),
    ]
    const orderId = await givenOrder(admin, { storeId })
    const underway = await givenOrder(admin, { storeId, courierId: carrier, status: 'picked_up' })
    const assign = (id: number, courierId: number) => assignOrder(as(asAdmin), { orderId: id, courierId })
    expect(await assign(orderId, small)).toMatchObject({ ok: false, reason: 'courier_at_capacity' })
    expect(await assign(orderId, absent)).toMatchObject({ ok: false, reason: 'courier_unavailable' })
    expect(await assign(underway, roomy)).toMatchObject({ ok: false, reason: 'illegal_transition' })
    expect(await broken(admin)).toEqual([])
  })

  it('from another courier moves the boxes, raises the fence and needs a new acceptance', async () => {
    const [former, next] = [await givenCourier(admin), await givenCourier(admin)]
    const orderId = await givenOrder(admin, { storeId, courierId: former, status: 'accepted' })
    expect(await assignOrder(as(asAdmin), { orderId, courierId: next })).toMatchObject({
      ok: true,
      order: { status: 'assigned', fence: 2 },
    })
    expect(await broken(admin)).toEqual([])
    const held = await admin.query('select id::int, held_boxes from dispatch.couriers order by id')
    expect(held.rows).toEqual([
      { id: former, held_boxes: 0 },
      { id: next, held_boxes: 2 },
    ])
  })
})

describe('two decisions about the same two couriers lock them in one order', () => {
  async function twoCouriers() {
    const [low, high] = [await givenCourier(admin), await givenCourier(admin)]
    return { low, high }
  }

  it('when two assignments exchange their orders', async () => {
    const { low, high } = await twoCouriers()
    const [ofLow, ofHigh] = [
      await givenOrder(admin, { storeId, courierId: low, status: 'assigned' }),
      await givenOrder(admin, { storeId, courierId: high, status: 'assigned' }),
    ]
    expect(
      await together(high, [
        (db) => assignOrder(over(db, asAdmin), { orderId: ofHigh, courierId: low }),
        (db) => assignOrder(over(db, asAdmin), { orderId: ofLow, courierId: high }),
      ]),
    ).not.toContainEqual(expect.any(Error))
    expect(await broken(admin)).toEqual([])
  })

  it.each<
    [string, 'assigned' | 'picked_up', (db: Db, orders: number[], couriers: number[]) => Promise<unknown>]
  >([
    ['the sweep', 'assigned', (db) => effect(over(db, null), returnExpired())],
    [
      'a delivery of many',
      'picked_up',
      (db, orders) =>
        transitionOrders(over(db, asAdmin), {
          step: 'deliver',
          orders: orders.map((orderId) => ({ orderId, fence: 1 })),
        }),
    ],
    [
      'a bulk assignment',
      'assigned',
      (db, _, couriers) =>
        assignOrders(over(db, asAdmin), { orderIds: null, limit: 5, courierIds: couriers }),
    ],
  ])('when %s meets an assignment', async (_, status, verb) => {
    const { low, high } = await twoCouriers()
    const moved = await givenOrder(admin, { storeId, boxes: 1, courierId: high, status: 'accepted' })
    const orders = [
      await givenOrder(admin, { storeId, courierId: high, status, expired: true }),
      await givenOrder(admin, { storeId, courierId: low, status, expired: true }),
    ]
    await givenOrder(admin, { storeId, boxes: 1 })
    expect(
      await together(low, [
        (db) => assignOrder(over(db, asAdmin), { orderId: moved, courierId: low }),
        (db) => verb(db, orders, [low, high]),
      ]),
    ).not.toContainEqual(expect.any(Error))
    expect(await broken(admin)).toEqual([])
  })
})

describe('the courier of an expired lease and the courier that claims the order are locked in one order', () => {
  it.each([
    [
      'a claim',
      (db: Db, orderId: number, courierId: number) =>
        claimOrder(over(db, asCourier(courierId)), { orderId, courierId }),
    ],
    [
      'claim-next',
      (db: Db, _orderId: number, courierId: number) =>
        claimNextOrder(over(db, asCourier(courierId)), { courierId, start: makeSearchStart() }),
    ],
  ])('when %s meets an assignment', async (_, claim) => {
    const [low, high] = [await givenCourier(admin), await givenCourier(admin)]
    const moved = await givenOrder(admin, { storeId, boxes: 1, courierId: high, status: 'accepted' })
    const lapsed = await givenOrder(admin, { storeId, courierId: high, status: 'assigned', expired: true })
    expect(
      await together(low, [
        (db) => assignOrder(over(db, asAdmin), { orderId: moved, courierId: low }),
        (db) => claim(db, lapsed, low),
      ]),
    ).toMatchObject([{ ok: true }, { ok: true, order: { id: lapsed, courierId: low } }])
    expect(await broken(admin)).toEqual([])
  })
})

describe('a transition by a courier', () => {
  it('needs the holder, the fence, the status and a lease that lasts', async () => {
    const [holder, rival] = [await givenCourier(admin), await givenCourier(admin)]
    const orderId = await givenOrder(admin, { storeId, courierId: holder, status: 'assigned' })
    const ctx = as(asCourier(holder))
    const held = { orderId, courierId: holder, fence: 1 }
    expect(await acceptOrder(as(asCourier(rival)), { ...held, courierId: rival })).toMatchObject({
      reason: 'not_found',
    })
    expect(await pickUpOrder(ctx, held)).toMatchObject({ reason: 'illegal_transition' })
    await admin.query(`update dispatch.orders set lease_expires_at = now() - interval '1 second', fence = 2`)
    expect(await acceptOrder(ctx, { ...held, fence: 2 })).toMatchObject({ reason: 'lease_expired' })
    await admin.query(`update dispatch.orders set lease_expires_at = now() + interval '1 hour'`)
    expect(await acceptOrder(ctx, held)).toMatchObject({ reason: 'stale_fence' })
    expect((await admin.query('select status, version from dispatch.orders')).rows).toEqual([
      { status: 'assigned', version: 2 },
    ])
    expect(await acceptOrder(ctx, { ...held, fence: 2 })).toMatchObject({ ok: true })
  })

  it('gives the courier back its room with the boxes', async () => {
    const courierId = await givenCourier(admin)
    const orderId = await givenOrder(admin, { storeId, courierId, status: 'picked_up' })
    await deliverOrder(as(asCourier(courierId)), { orderId, courierId, fence: 1 })
    expect(await broken(admin)).toEqual([])
  })
})

describe('a transition of many orders', () => {
  it('needs for each of them the holder, the fence, the status and a lease that lasts', async () => {
    const [holder, rival] = [await givenCourier(admin, { capacity: 20 }), await givenCourier(admin)]
    const given = (more: object) =>
      givenOrder(admin, { storeId, courierId: holder, status: 'assigned', ...more })
    const orders = [
      await given({ courierId: rival }),
      await given({}),
      await given({ status: 'picked_up' }),
      await given({ expired: true }),
      await given({}),
    ]
    const fences = [1, 0, 1, 1, 1]
    const items = await transitionOrders(as(asCourier(holder)), {
      step: 'accept',
      orders: orders.map((orderId, at) => ({ orderId, fence: fences[at] ?? 1 })),
    })
    expect(items.map((item) => (item.ok ? item.status : item.reason))).toEqual([
      'not_found',
      'stale_fence',
      'illegal_transition',
      'lease_expired',
      'accepted',
    ])
    expect(await broken(admin)).toEqual([])
  })

  it('gives each courier back its room with the boxes', async () => {
    const courierId = await givenCourier(admin)
    const orders = [
      await givenOrder(admin, { storeId, courierId, status: 'picked_up' }),
      await givenOrder(admin, { storeId, courierId, status: 'picked_up' }),
    ]
    await transitionOrders(as(asAdmin), {
      step: 'deliver',
      orders: orders.map((orderId) => ({ orderId, fence: 1 })),
    })
    expect(await broken(admin)).toEqual([])
  })
})

describe('a transition by a store', () => {
  it('needs its own order in the right status, and frees boxes once', async () => {
    const courierId = await givenCourier(admin)
    const stranger = await givenStore(admin)
    const held = await givenOrder(admin, { storeId, courierId, status: 'assigned' })
    const failed = await givenOrder(admin, { storeId, courierId, status: 'failed' })
    expect(await cancelOrder(as(asStore(stranger)), { orderId: held })).toMatchObject({ reason: 'not_found' })
    expect(await cancelOrder(as(asStore(storeId)), { orderId: failed })).toMatchObject({
      reason: 'illegal_transition',
    })
    expect(await cancelOrder(as(asStore(storeId)), { orderId: held })).toMatchObject({ ok: true })
    expect(await returnOrder(as(asStore(storeId)), { orderId: failed })).toMatchObject({ ok: true })
    expect(await broken(admin)).toEqual([])
  })

  it('is busy while another session holds the order for longer than lock_timeout', async () => {
    const orderId = await givenOrder(admin, { storeId })
    const [keeper, impatient] = [await database.connect(), await database.connect(database.workerUrl)]
    await impatient.query(`set lock_timeout = '50ms'`)
    await keeper.query('begin')
    await keeper.query('select from dispatch.orders for update')
    expect(await cancelOrder(over(directDb(impatient), asStore(storeId)), { orderId })).toEqual({
      ok: false,
      reason: 'order_busy',
      retryAfter: 1,
    })
    await keeper.query('rollback')
  })
})

it('a read ends the expired lease of its own order only', async () => {
  const courierId = await givenCourier(admin)
  const [read, unread] = [
    await givenOrder(admin, { storeId, courierId, status: 'assigned', expired: true }),
    await givenOrder(admin, { storeId, courierId, status: 'assigned', expired: true }),
  ]
  await readOrder(as(asStore(storeId)), { orderId: read })
  const { rows } = await admin.query('select id::int, status from dispatch.orders order by id')
  expect(rows).toEqual([
    { id: read, status: 'new' },
    { id: unread, status: 'assigned' },
  ])
  expect(await broken(admin)).toEqual([])
})
