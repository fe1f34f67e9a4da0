import { describe, expect, it } from 'vitest'
import { untilWaiting } from '../../core/barrier.ts'
import { freshWorker } from '../../support/worker.ts'
import { givenCourier, givenOrder, givenStore } from '../support/given.ts'
import { caller } from '../support/http.ts'

const unlimited = { limit: 1_000_000, period: 60 } as const
const app = await freshWorker({ rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited } })
const client = app.database.admin
const storeId = await givenStore(client)
const store = await caller(app, 'store', storeId)

async function givenCaller(more: Parameters<typeof givenCourier>[1] = {}) {
  const id = await givenCourier(client, more)
  return { id, courier: await caller(app, 'courier', id) }
}

describe('a claim', () => {
  it('that loses states the reason and changes nothing', async () => {
    const { id: holder } = await givenCaller()
    const { courier } = await givenCaller()
    const [away, full] = [await givenCaller({ available: false }), await givenCaller({ capacity: 1 })]
    const open = await givenOrder(client, { storeId })
    const taken = await givenOrder(client, { storeId, status: 'accepted', courierId: holder })
    const canceled = await givenOrder(client, { storeId, status: 'canceled' })
    const before = await everything()
    const refused = async (who: typeof courier, order: number) => {
      const { status, body } = await who.post(`/orders/${order}/claim`)
      return [status, body['code']]
    }
    expect(await refused(courier, 999_999)).toEqual([404, 'not_found'])
    expect(await refused(courier, taken)).toEqual([409, 'order_taken'])
    expect(await refused(courier, canceled)).toEqual([409, 'order_taken'])
    expect(await refused(away.courier, open)).toEqual([409, 'courier_unavailable'])
    expect(await refused(full.courier, open)).toEqual([409, 'courier_at_capacity'])
    expect(await everything()).toEqual(before)
  })

  it.each([
    ['rollback', 2],
    ['commit', 3],
  ])(
    'of an order under edit waits for the %s of the edit and takes the order with %i boxes',
    async (end, boxesCount) => {
      const { courier } = await givenCaller()
      const orderId = await givenOrder(client, { storeId })
      const editor = await app.database.connect()
      await editor.query('begin')
      await editor.query('update dispatch.orders set boxes_count = 3, version = version + 1 where id = $1', [
        orderId,
      ])
      const claim = courier.post(`/orders/${orderId}/claim`)
      await untilWaiting(app.database, 1)
      await editor.query(end)
      expect(await claim).toMatchObject({ status: 200, body: { boxesCount } })
    },
  )

  it('of an order that stays locked answers order_busy and can be retried', async () => {
    const { courier } = await givenCaller()
    const orderId = await givenOrder(client, { storeId })
    const holder = await app.database.connect()
    await holder.query('begin')
    await holder.query('select from dispatch.orders where id = $1 for update', [orderId])
    const busy = await courier.post(`/orders/${orderId}/claim`)
    await holder.query('rollback')
    expect(busy).toMatchObject({ status: 409, body: { code: 'order_busy', retryable: true } })
    expect(busy.headers.get('retry-after')).toBe('1')
    expect((await courier.post(`/orders/${orderId}/claim`)).status).toBe(200)
  })
})

describe('a courier', () => {
  it('that repeats its claim with another key gets the order it holds, once', async () => {
    const { id, courier } = await givenCaller()
    const orderId = await givenOrder(client, { storeId })
    const first = await courier.post(`/orders/${orderId}/claim`, { key: 'first' })
    const before = await everything()
    const second = await courier.post(`/orders/${orderId}/claim`, { key: 'second' })
    expect(first).toMatchObject({ status: 200, body: { status: 'assigned', courierId: id } })
    expect(second).toMatchObject({ status: 200, body: first.body })
    expect(await everything()).toEqual(before)
    const { rows } = await client.query('select from dispatch.lost_claims where order_id = $1', [orderId])
    expect(rows).toEqual([])
  })

  it('that claims what it already accepted hears the state of its own order', async () => {
    const { id, courier } = await givenCaller()
    for (const status of ['accepted', 'picked_up', 'delivered', 'canceled', 'failed'] as const) {
      const orderId = await givenOrder(client, { storeId, status, courierId: id, boxes: 1 })
      expect((await courier.post(`/orders/${orderId}/claim`)).body).toMatchObject({
        code: 'illegal_transition',
        from: status,
      })
    }
  })

  it('hears the same about every order that it may not read', async () => {
    const { id: holder } = await givenCaller({ capacity: 100 })
    const { courier } = await givenCaller()
    const answers = new Set<string>()
    for (const status of ['assigned', 'accepted', 'picked_up', 'delivered', 'canceled', 'failed'] as const) {
      const orderId = await givenOrder(client, { storeId, status, courierId: holder })
      expect((await courier.get(`/orders/${orderId}`)).status).toBe(404)
      const { requestId: _, ...body } = (await courier.post(`/orders/${orderId}/claim`)).body
      answers.add(JSON.stringify(body))
    }
    expect([...answers]).toEqual([expect.stringContaining('order_taken')])
  })
})

describe('a courier that gave an order back', () => {
  it.each(['decline', 'release'])('by %s cannot claim it again, and other couriers can', async (how) => {
    const [{ courier }, { courier: other }] = [await givenCaller({ at: [10, 10] }), await givenCaller()]
    const orderId = await givenOrder(client, { storeId, at: [10, 10] })
    await courier.post(`/orders/${orderId}/claim`)
    const back = await courier.post(`/orders/${orderId}/${how}`, { body: { fence: 1, reason: 'too far' } })
    expect(back.body).toMatchObject({ status: 'new', courierId: null, lease: null })
    expect((await courier.post(`/orders/${orderId}/claim`)).body).toMatchObject({
      status: 409,
      code: 'excluded',
    })
    const next = await courier.post('/orders/claim-next')
    expect(next.body['id']).not.toBe(orderId)
    expect((await other.post(`/orders/${orderId}/claim`)).body).toMatchObject({
      status: 'assigned',
      fence: 2,
    })
    const told = (await store.get(`/orders/${orderId}/events`)).body['data'] as { data: unknown }[]
    expect(told.map(({ data }) => data)).toContainEqual({ reason: 'too far' })
  })
})

describe('the next order', () => {
  it('is the nearest order that fits, for a courier with a known position', async () => {
    const { courier } = await givenCaller({ capacity: 4, at: [51.5, -0.12] })
    await givenOrder(client, { storeId, at: [52.5, -0.12] })
    await givenOrder(client, { storeId, at: [51.5, -0.13], boxes: 5 })
    const nearest = await givenOrder(client, { storeId, at: [51.6, -0.12] })
    await givenOrder(client, { storeId, at: [51.5, 179] })
    expect((await courier.post('/orders/claim-next')).body['id']).toBe(nearest)
  })

  it('is the oldest without a position, none if none fits, and refused to an unavailable courier', async () => {
    await client.query(withdrawAll)
    const [{ courier }, away] = [await givenCaller({ capacity: 3 }), await givenCaller({ available: false })]
    const [heavy, oldest, younger] = [
      await givenOrder(client, { storeId, boxes: 4 }),
      await givenOrder(client, { storeId }),
      await givenOrder(client, { storeId }),
    ]
    expect((await courier.post('/orders/claim-next')).body['id']).toBe(oldest)
    expect((await courier.post('/orders/claim-next')).status).toBe(204)
    expect((await away.courier.post('/orders/claim-next')).body['code']).toBe('courier_unavailable')
    expect([heavy, younger]).toHaveLength(2)
  })

  it('can be an older order that was given back after later orders were taken', async () => {
    await client.query(withdrawAll)
    const [{ courier }, { courier: other }] = [await givenCaller(), await givenCaller()]
    const [first, second] = [await givenOrder(client, { storeId }), await givenOrder(client, { storeId })]
    expect((await courier.post('/orders/claim-next')).body['id']).toBe(first)
    expect((await courier.post('/orders/claim-next')).body['id']).toBe(second)
    await courier.post(`/orders/${first}/decline`, { body: { fence: 1 } })
    expect((await other.post('/orders/claim-next')).body['id']).toBe(first)
  })
})

const withdrawAll = `
  update dispatch.orders set status = 'canceled', canceled_at = now(), version = version + 1 where status = 'new'`

/** All rows that a refused request could change, except the count of lost claims. */
async function everything(): Promise<unknown> {
  const { rows } = await client.query(`
    select (select jsonb_agg(o order by id) from dispatch.orders o) as orders,
      (select jsonb_agg(c order by id) from dispatch.couriers c) as couriers,
      (select count(*) from dispatch.order_events) as events`)
  return rows[0]
}
