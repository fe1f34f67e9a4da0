import { afterEach, describe, expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { givenCourier, givenCouriers, givenOrder, givenOrders, givenStore } from '../support/given.ts'
import { caller, tally } from '../support/http.ts'
import { mustBeSound } from '../support/invariants.ts'

const unlimited = { limit: 1_000_000, period: 60 } as const
const app = await freshWorker({ rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited } })
const { admin } = app.database
const storeId = await givenStore(admin)
const store = await caller(app, 'store', storeId)

const accept = { accept: true }
const accepted = { status: 'accepted', lease: null, acceptedAt: expect.any(String), fence: 1 }

afterEach(() => mustBeSound(admin))

async function givenCaller() {
  const id = await givenCourier(admin)
  return { id, courier: await caller(app, 'courier', id) }
}

describe('a claim that accepts', () => {
  it('leads from new to accepted by one event, and the courier can pick up at once', async () => {
    const { id, courier } = await givenCaller()
    const orderId = await givenOrder(admin, { storeId })
    const claim = await courier.post(`/orders/${orderId}/claim`, { body: accept })
    expect(claim).toMatchObject({ status: 200, body: { ...accepted, courierId: id }, trips: 1 })
    const { body } = await store.get(`/orders/${orderId}/events`)
    expect(body['data']).toMatchObject([
      { type: 'created' },
      { type: 'claimed', fromStatus: 'new', toStatus: 'accepted', courierId: id, fence: 1 },
    ])
    const pickup = await courier.post(`/orders/${orderId}/pickup`, { body: { fence: 1 } })
    expect(pickup).toMatchObject({ status: 200, body: { status: 'picked_up' } })
  })

  it('that is repeated gets the order it holds, once', async () => {
    const { id, courier } = await givenCaller()
    const orderId = await givenOrder(admin, { storeId })
    const first = await courier.post(`/orders/${orderId}/claim`, { body: accept, key: `${orderId}-first` })
    const replayed = await courier.post(`/orders/${orderId}/claim`, { body: accept, key: `${orderId}-first` })
    const second = await courier.post(`/orders/${orderId}/claim`, { body: accept, key: `${orderId}-second` })
    expect([replayed, second].map(({ status, body }) => [status, body])).toEqual([
      [200, first.body],
      [200, first.body],
    ])
    const { rows } = await admin.query('select held_boxes from dispatch.couriers where id = $1', [id])
    expect(rows).toEqual([{ held_boxes: first.body['boxesCount'] }])
  })

  it('does not accept an order that the courier already claimed, and a claim does not unaccept one', async () => {
    const { courier } = await givenCaller()
    const [claimed, taken] = [await givenOrder(admin, { storeId }), await givenOrder(admin, { storeId })]
    await courier.post(`/orders/${claimed}/claim`)
    await courier.post(`/orders/${taken}/claim`, { body: accept })
    const refusals = [
      await courier.post(`/orders/${claimed}/claim`, { body: accept }),
      await courier.post(`/orders/${taken}/claim`),
    ]
    expect(refusals.map(({ status, body }) => [status, body['code'], body['from'], body['to']])).toEqual([
      [409, 'illegal_transition', 'assigned', 'accepted'],
      [409, 'illegal_transition', 'accepted', 'assigned'],
    ])
  })

  it('refuses a body with something else, and needs none', async () => {
    const { courier } = await givenCaller()
    const orderId = await givenOrder(admin, { storeId })
    for (const body of [{ accept: 'yes' }, { accepts: true }])
      expect(await courier.post(`/orders/${orderId}/claim`, { body })).toMatchObject({
        status: 400,
        body: { code: 'validation_failed' },
      })
    expect(await courier.post(`/orders/${orderId}/claim`)).toMatchObject({
      status: 200,
      body: { status: 'assigned' },
    })
  })
})

describe('claim-next that accepts', () => {
  it('answers an accepted order, or 204 if there is none', async () => {
    await admin.query('truncate dispatch.orders cascade')
    await admin.query('update dispatch.couriers set held_boxes = 0')
    const { courier } = await givenCaller()
    await givenOrder(admin, { storeId })
    expect(await courier.post('/orders/claim-next', { body: accept })).toMatchObject({
      status: 200,
      body: accepted,
    })
    expect((await courier.post('/orders/claim-next', { body: accept })).status).toBe(204)
  })

  it('gives forty orders to forty couriers, half of whom accept at once', async () => {
    await admin.query('truncate dispatch.orders cascade')
    await admin.query('update dispatch.couriers set held_boxes = 0')
    await givenOrders(admin, 40, { storeId })
    const couriers = await Promise.all(
      (await givenCouriers(admin, 40)).map((id) => caller(app, 'courier', id)),
    )
    const answers = await Promise.all(
      couriers.map((courier, n) => courier.post('/orders/claim-next', n % 2 === 0 ? { body: accept } : {})),
    )
    expect(tally(answers)).toEqual({ '200': 40 })
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(40)
    expect(answers.map(({ body }) => body['status'])).toEqual(
      answers.map((_, n) => (n % 2 === 0 ? 'accepted' : 'assigned')),
    )
  })
})

describe('claims that accept and plain claims of one order', () => {
  it('have one winner, and the order is in the state that the winner asked for', async () => {
    for (let round = 0; round < 3; round += 1) {
      const orderId = await givenOrder(admin, { storeId })
      const couriers = await Promise.all(
        (await givenCouriers(admin, 50)).map((id) => caller(app, 'courier', id)),
      )
      const answers = await Promise.all(
        couriers.map((courier, n) =>
          courier.post(`/orders/${orderId}/claim`, n % 2 === 0 ? { body: accept } : {}),
        ),
      )
      expect(tally(answers)).toEqual({ '200': 1, '409 order_taken': 49 })
      const winner = answers.findIndex(({ status }) => status === 200)
      const { rows } = await admin.query(
        'select status, lease_expires_at is null as free_of_lease from dispatch.orders where id = $1',
        [orderId],
      )
      expect(rows).toEqual([
        { status: winner % 2 === 0 ? 'accepted' : 'assigned', free_of_lease: winner % 2 === 0 },
      ])
    }
  })
})
