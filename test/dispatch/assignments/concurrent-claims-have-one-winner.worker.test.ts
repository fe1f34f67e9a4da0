import { afterEach, describe, expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { givenCourier, givenCouriers, givenOrder, givenOrders, givenStore } from '../support/given.ts'
import { type Answer, type Caller, caller, insist, tally } from '../support/http.ts'
import { mustBeSound } from '../support/invariants.ts'

const unlimited = { limit: 1_000_000, period: 60 } as const
const app = await freshWorker({ rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited } })
const { admin } = app.database
const storeId = await givenStore(admin)
const store = await caller(app, 'store', storeId)
const asCourier = (id: number) => caller(app, 'courier', id)

/** A claim of a courier who insists: on a busy machine the Worker answers a part of a crowd with 503. */
function claim(courier: Caller, path: string): Promise<Answer> {
  const key = crypto.randomUUID()
  return insist(() => courier.post(path, { key }))
}

afterEach(async () => {
  await mustBeSound(admin)
  await admin.query(`
    truncate dispatch.couriers, dispatch.orders, dispatch.order_events, dispatch.order_exclusions, dispatch.lost_claims`)
})

describe('one order', () => {
  it.each([300, 500])(
    'goes to exactly one of %i concurrent couriers, and the others lose in one round trip',
    async (crowd) => {
      const orderId = await givenOrder(admin, { storeId })
      const couriers = await Promise.all((await givenCouriers(admin, crowd)).map(asCourier))
      const answers = await Promise.all(couriers.map((courier) => claim(courier, `/orders/${orderId}/claim`)))
      expect(tally(answers)).toEqual({ '200': 1, '409 order_taken': crowd - 1 })
      expect(new Set(answers.map(({ trips }) => trips))).toEqual(new Set([1]))
      const refused = answers.filter(({ status }) => status === 409)
      expect(new Set(refused.map(({ headers }) => headers.get('content-type')))).toEqual(
        new Set(['application/problem+json']),
      )
      expect(await deadlocks()).toBe(0)
    },
  )

  it('has at most one winner when claim, claim-next and cancel compete', async () => {
    const orderId = await givenOrder(admin, { storeId })
    const couriers = await Promise.all((await givenCouriers(admin, 60)).map(asCourier))
    const key = crypto.randomUUID()
    const answers = await Promise.all([
      ...couriers.map((courier, n) =>
        claim(courier, n % 2 === 0 ? `/orders/${orderId}/claim` : '/orders/claim-next'),
      ),
      insist(() => store.post(`/orders/${orderId}/cancel`, { key, body: {} })),
    ])
    expect(answers.filter(({ status }) => status >= 500)).toEqual([])
    expect(answers.slice(0, -1).filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    expect(answers.at(-1)?.status).toBe(200)
  })
})

describe('many orders', () => {
  it('go to forty different couriers that claim the next order at once', async () => {
    await givenOrders(admin, 40, { storeId })
    const couriers = await Promise.all((await givenCouriers(admin, 40)).map(asCourier))
    const answers = await Promise.all(couriers.map((courier) => claim(courier, '/orders/claim-next')))
    expect(tally(answers)).toEqual({ '200': 40 })
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(40)
    expect(new Set(answers.map(({ trips }) => trips))).toEqual(new Set([1]))
  })

  it('have one winner each when fifty couriers claim all fifty', async () => {
    const orders = await givenOrders(admin, 50, { storeId })
    const couriers = await Promise.all((await givenCouriers(admin, 50, { capacity: 6 })).map(asCourier))
    const answers = await Promise.all(
      couriers.flatMap((courier, n) =>
        // Each courier starts at another order; otherwise the first courier would win them all.
        [...orders.slice(n), ...orders.slice(0, n)]
          .slice(0, 10)
          .map((id) => claim(courier, `/orders/${id}/claim`)),
      ),
    )
    const won = answers.filter(({ status }) => status === 200).map(({ body }) => body['id'])
    expect(new Set(won).size).toBe(won.length)
    expect(answers.filter(({ status }) => status !== 200 && status !== 409)).toEqual([])
    const { rows } = await admin.query(
      `select count(*)::int as taken from dispatch.orders where status = 'assigned'`,
    )
    expect(rows[0].taken).toBe(won.length)
  })
})

describe('one courier', () => {
  it('never exceeds its capacity under fifty concurrent claims', async () => {
    const courierId = await givenCourier(admin, { capacity: 8 })
    const orders = await givenOrders(admin, 50, { storeId, boxes: 3 })
    const courier = await asCourier(courierId)
    const answers = await Promise.all(orders.map((id) => claim(courier, `/orders/${id}/claim`)))
    expect(tally(answers)).toEqual({ '200': 2, '409 courier_at_capacity': 48 })
  })

  it('reaches and never exceeds its capacity under fifty concurrent claim-next requests', async () => {
    const courierId = await givenCourier(admin, { capacity: 8 })
    await givenOrders(admin, 50, { storeId, boxes: 3 })
    const courier = await asCourier(courierId)
    const answers = await Promise.all(Array.from({ length: 50 }, () => claim(courier, '/orders/claim-next')))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2)
    expect(answers.filter(({ status }) => status >= 500)).toEqual([])
  })
})

async function deadlocks(): Promise<number> {
  const { rows } = await admin.query(
    'select deadlocks::int from pg_stat_database where datname = current_database()',
  )
  return Number(rows[0].deadlocks)
}
