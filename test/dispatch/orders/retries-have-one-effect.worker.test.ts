import { afterEach, describe, expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { givenCourier, givenCouriers, givenOrder, givenOrders, givenStore } from '../support/given.ts'
import { type Answer, caller, parcel, tally } from '../support/http.ts'
import { mustBeSound } from '../support/invariants.ts'

const unlimited = { limit: 1_000_000, period: 60 } as const
const app = await freshWorker({ rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited } })
const { admin } = app.database
const storeId = await givenStore(admin)
const store = await caller(app, 'store', storeId)

afterEach(async () => {
  app.faults.clear()
  await mustBeSound(admin)
})

const fifty = Array.from({ length: 50 })
const orderCount = async () =>
  Number((await admin.query('select count(*) from dispatch.orders')).rows[0].count)

describe('fifty creates with one key', () => {
  it('create one order and answer each request with it', async () => {
    const before = await orderCount()
    const answers = await Promise.all(fifty.map(() => store.post('/orders', { key: 'same', body: parcel })))
    const busy = answers.filter(({ status }) => status === 409)
    expect(tally(busy)).toEqual(busy.length === 0 ? {} : { '409 in_progress': busy.length })
    const told = answers.filter(({ status }) => status === 201)
    expect(new Set(told.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(told.filter(({ headers }) => headers.get('idempotency-replayed') === null)).toHaveLength(1)
    expect(await orderCount()).toBe(before + 1)
  })

  it('cannot create a different order, and the key is scoped to its store', async () => {
    const before = await orderCount()
    const other = await caller(app, 'store', await givenStore(admin))
    expect((await store.post('/orders', { key: 'taken', body: parcel })).status).toBe(201)
    const changed = await store.post('/orders', { key: 'taken', body: { ...parcel, boxesCount: 3 } })
    expect([changed.status, changed.body['code']]).toEqual([422, 'idempotency_key_reused'])
    expect((await other.post('/orders', { key: 'taken', body: parcel })).status).toBe(201)
    expect(await orderCount()).toBe(before + 2)
  })

  it('create fifty orders if each has its own key', async () => {
    const before = await orderCount()
    await Promise.all(fifty.map((_, n) => store.post('/orders', { key: `own-${n}`, body: parcel })))
    expect(await orderCount()).toBe(before + 50)
  })
})

describe('a claim whose connection is cut', () => {
  it.each(['reset', 'cutDuring', 'cutAfterCommit', 'truncate'] as const)(
    'by %s answers outcome unknown, and a retry with the same key gets the one answer',
    async (fault) => {
      const orderId = await givenOrder(admin, { storeId })
      const courier = await caller(app, 'courier', await givenCourier(admin))
      app.faults.set({ [fault]: 1, times: 1, match: 'hot_claim_' })
      const cut = await courier.post(`/orders/${orderId}/claim`, { key: fault })
      expect(cut).toMatchObject({
        status: 503,
        body: { code: 'unavailable', retryable: true, outcome: 'unknown' },
      })
      expect(cut.headers.get('retry-after')).toBe('1')
      expect(app.faults.counts).toMatchObject({ [fault]: 1 })
      const again = await untilDecided(() => courier.post(`/orders/${orderId}/claim`, { key: fault }))
      expect(again).toMatchObject({ status: 200, body: { id: orderId, status: 'assigned', fence: 1 } })
      const rival = await caller(app, 'courier', await givenCourier(admin))
      expect((await rival.post(`/orders/${orderId}/claim`)).body['code']).toBe('order_taken')
    },
  )

  it('without a key may have committed, and a retry then answers the order with its one lease', async () => {
    const orderId = await givenOrder(admin, { storeId })
    const courier = await caller(app, 'courier', await givenCourier(admin))
    app.faults.set({ cutAfterCommit: 1, times: 1 })
    expect((await courier.post(`/orders/${orderId}/claim`)).status).toBe(503)
    const again = await courier.post(`/orders/${orderId}/claim`)
    expect(again).toMatchObject({ status: 200, body: { id: orderId, status: 'assigned', fence: 1 } })
  })
})

describe('while every tenth reply is lost', () => {
  it('no order is lost or repeated if clients retry with the same key', async () => {
    const orders = await givenOrders(admin, 60, { storeId })
    const couriers = await givenCouriers(admin, 60)
    const before = await orderCount()
    const seed = 7
    app.faults.seed(seed)
    app.faults.set({ cutAfterCommit: 0.1 })
    const count = { A: 0, K: 0, R: 0, U: 0 }
    async function insist(send: () => Promise<Answer>): Promise<Answer> {
      count.A += 1
      const first = await send()
      count[first.status < 300 ? 'K' : first.status < 500 ? 'R' : 'U'] += 1
      return first.status < 500 ? first : untilDecided(send)
    }
    const created = await Promise.all(
      orders.map((_, n) => insist(() => store.post('/orders', { key: `lossy-${n}`, body: parcel }))),
    )
    const lives = await Promise.all(
      couriers.map(async (id, n) => {
        const courier = await caller(app, 'courier', id)
        const at = `/orders/${orders[n]}`
        const steps = [await insist(() => courier.post(`${at}/claim`, { key: `claim-${n}` }))]
        for (const step of ['accept', 'pickup', 'deliver'])
          steps.push(
            await insist(() => courier.post(`${at}/${step}`, { key: `${step}-${n}`, body: { fence: 1 } })),
          )
        return steps
      }),
    )
    console.log(
      'seed %d: A %d attempted = K %d acknowledged + R %d refused + U %d unknown',
      seed,
      ...Object.values(count),
    )
    expect(count).toMatchObject({ A: 300, R: 0 })
    expect(count.U).toBeGreaterThan(5)
    expect(tally(created)).toEqual({ '201': 60 })
    expect(new Set(created.map(({ body }) => body['id'])).size).toBe(60)
    expect(await orderCount()).toBe(before + 60)
    expect(tally(lives.flat())).toEqual({ '200': 240 })
    const { rows } = await admin.query(
      `select status, count(*)::int from dispatch.orders where id = any ($1) group by status`,
      [orders],
    )
    expect(rows).toEqual([{ status: 'delivered', count: 60 }])
  })

  it('a retry without a key creates a second order', async () => {
    const before = await orderCount()
    app.faults.set({ cutAfterCommit: 1, times: 1 })
    const [first, second] = [
      await store.post('/orders', { body: parcel }),
      await store.post('/orders', { body: parcel }),
    ]
    expect([first.status, second.status]).toEqual([503, 201])
    expect(await orderCount()).toBe(before + 2)
  })
})

/** Retries while the outcome is unknown or in progress. */
async function untilDecided(send: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await send()
    if (answer.status < 500 && answer.body['code'] !== 'in_progress') return answer
  }
}
