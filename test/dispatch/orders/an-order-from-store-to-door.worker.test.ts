import { describe, expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { givenCourier, givenOrder, givenStore } from '../support/given.ts'
import { caller, parcel } from '../support/http.ts'
import { broken } from '../support/invariants.ts'

const unlimited = { limit: 1_000_000, period: 60 } as const
const app = await freshWorker({ rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited } })
const client = app.database.admin
const storeId = await givenStore(client)
const store = await caller(app, 'store', storeId)

async function givenCaller(more: Parameters<typeof givenCourier>[1] = {}) {
  const id = await givenCourier(client, more)
  return { id, courier: await caller(app, 'courier', id) }
}

describe('an order', () => {
  it('goes from the store to the recipient with one round trip per transition', async () => {
    const { id: courierId, courier } = await givenCaller()
    const created = await store.post('/orders', { body: parcel, key: 'one' })
    expect(created).toMatchObject({
      status: 201,
      trips: 1,
      body: {
        status: 'new',
        storeId,
        priceMinor: 3500,
        currency: 'USD',
        pickupAddress: '1 Market Street',
        fence: 0,
        version: 1,
      },
    })
    const at = `/orders/${String(created.body['id'])}`
    expect(created.headers.get('location')).toBe(`/v1/dispatch${at}`)
    expect(created.headers.get('etag')).toBe('"1"')

    const claimed = await courier.post(`${at}/claim`)
    expect(claimed).toMatchObject({
      status: 200,
      trips: 1,
      body: { status: 'assigned', courierId, lease: { fence: 1 }, fence: 1, version: 2 },
    })
    const expiresAt = Date.parse((claimed.body['lease'] as { expiresAt: string }).expiresAt)
    expect(expiresAt - Date.parse(String(claimed.body['assignedAt']))).toBe(120_000)

    for (const [step, status] of [
      ['accept', 'accepted'],
      ['pickup', 'picked_up'],
      ['deliver', 'delivered'],
    ]) {
      const moved = await courier.post(`${at}/${step}`, { body: { fence: 1 } })
      expect(moved).toMatchObject({ status: 200, trips: 1, body: { status, lease: null } })
    }
    const read = await store.get(at)
    expect(read).toMatchObject({ status: 200, trips: 1, body: { status: 'delivered', version: 5 } })
    expect(await store.get('/orders')).toMatchObject({ status: 200, trips: 1 })
    const history = await store.get(`${at}/events`)
    expect(history).toMatchObject({ status: 200, trips: 1 })
    expect((history.body['data'] as { type: string }[]).map(({ type }) => type)).toEqual([
      'created',
      'claimed',
      'accepted',
      'picked_up',
      'delivered',
    ])
    expect(await broken(client)).toEqual([])
  })

  it('costs what its quote for the same boxes said', async () => {
    for (const [boxesCount, priceMinor] of [
      [1, 3500],
      [8, 3500],
      [9, 7000],
      [16, 7000],
      [17, 10_500],
      [200, 10_500],
    ]) {
      const body = { boxesCount }
      expect((await store.post('/orders/quote', { body })).body).toMatchObject({
        priceMinor,
        currency: 'USD',
      })
      expect((await store.post('/orders', { body: { ...parcel, ...body } })).body).toMatchObject({
        priceMinor,
      })
    }
  })
})

describe('an expired lease', () => {
  it('ends before the next read or claim of its order', async () => {
    const { id: courierId, courier } = await givenCaller()
    const { courier: other } = await givenCaller()
    const [seen, wanted] = [
      await givenOrder(client, { storeId, status: 'assigned', courierId, expired: true }),
      await givenOrder(client, { storeId, status: 'assigned', courierId, expired: true }),
    ]
    expect((await courier.post(`/orders/${seen}/accept`, { body: { fence: 1 } })).body['code']).toBe(
      'lease_expired',
    )
    expect(await store.get(`/orders/${seen}`)).toMatchObject({
      trips: 1,
      body: { status: 'new', courierId: null },
    })
    expect((await other.post(`/orders/${wanted}/claim`)).body).toMatchObject({ status: 'assigned', fence: 2 })
    expect((await courier.post(`/orders/${wanted}/accept`, { body: { fence: 1 } })).body['code']).toBe(
      'stale_fence',
    )
    const { rows } = await client.query('select held_boxes from dispatch.couriers where id = $1', [courierId])
    expect(rows).toEqual([{ held_boxes: 0 }])
  })

  it('is returned by the job, with all expired leases and no others', async () => {
    const { id: courierId } = await givenCaller({ capacity: 20 })
    const expired = [
      await givenOrder(client, { storeId, status: 'assigned', courierId, expired: true }),
      await givenOrder(client, { storeId, status: 'assigned', courierId, expired: true }),
    ]
    const running = await givenOrder(client, { storeId, status: 'assigned', courierId })
    expect(await app.scheduled('* * * * *')).toMatchObject({ outcome: 'ok' })
    const { rows } = await client.query(
      'select id::int, status from dispatch.orders where id = any ($1) order by id',
      [[...expired, running]],
    )
    expect(rows.map(({ status }) => status)).toEqual(['new', 'new', 'assigned'])
    expect(await broken(client, [...expired, running])).toEqual([])
  })
})

describe('a change to an order', () => {
  it('needs the current version, and a conflict answers that version', async () => {
    const orderId = await givenOrder(client, { storeId })
    const at = `/orders/${orderId}`
    expect((await store.patch(at, { body: { phone: '+44 1' } })).status).toBe(428)
    const changes = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        store.patch(at, { ifMatch: 1, body: { phone: `+44 20 7946 000${n}` } }),
      ),
    )
    expect(changes.filter(({ status }) => status === 200)).toHaveLength(1)
    const lost = changes.filter(({ status }) => status === 412)
    expect(lost).toHaveLength(9)
    expect(lost[0]?.body).toMatchObject({ code: 'version_mismatch', current: 2 })
    const priced = await store.patch(at, { ifMatch: 2, body: { boxesCount: 9 } })
    expect(priced.body).toMatchObject({ boxesCount: 9, priceMinor: 7000, version: 3 })
  })

  it('is refused once a courier holds the order', async () => {
    const { id: courierId } = await givenCaller()
    const orderId = await givenOrder(client, { storeId, status: 'assigned', courierId })
    const late = await store.patch(`/orders/${orderId}`, { ifMatch: 2, body: { boxesCount: 3 } })
    expect(late.body).toMatchObject({ status: 409, code: 'illegal_transition', from: 'assigned' })
  })
})
