import { expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { givenCourier, givenOrder, givenStore } from '../support/given.ts'
import { caller } from '../support/http.ts'

const app = await freshWorker()
const { admin: client } = app.database
const admin = await caller(app, 'admin', 1)

it('counts each order on the day of its creation in UTC, and zero on the others', async () => {
  const storeId = await givenStore(client)
  const courierId = await givenCourier(client)
  const created = async (at: string, status: 'new' | 'delivered' | 'canceled' | 'failed') => {
    const held = status === 'delivered' || status === 'failed' ? { courierId } : {}
    const id = await givenOrder(client, { storeId, status, ...held })
    await client.query('update dispatch.orders set created_at = $2 where id = $1', [id, at])
  }
  await created('2026-01-31T23:59:59Z', 'new')
  await created('2026-02-01T00:00:00Z', 'delivered')
  await created('2026-02-01T23:59:59.999999Z', 'canceled')
  await created('2026-02-03T12:00:00Z', 'failed')
  await created('2026-02-04T00:00:00Z', 'new')
  const { status, body, trips } = await admin.get('/stats/days?from=2026-02-01&until=2026-02-04')
  expect([status, trips]).toEqual([200, 1])
  const nothing = {
    orders: 0,
    delivered: 0,
    canceled: 0,
    failedAttempts: 0,
    boxes: 0,
    priceMinor: 0,
    currency: 'USD',
  }
  expect(body['data']).toEqual([
    { ...nothing, day: '2026-02-01', orders: 2, delivered: 1, canceled: 1, boxes: 4, priceMinor: 7000 },
    { ...nothing, day: '2026-02-02' },
    { ...nothing, day: '2026-02-03', orders: 1, failedAttempts: 1, boxes: 2, priceMinor: 3500 },
  ])
})

it.each([
  '',
  '?from=2026-02-01',
  '?from=2026-02-01&until=2026-02-01',
  '?from=2026-02-01&until=2026-06-01',
  '?from=0000-01-01&until=0000-01-02',
])('refuses the range %j', async (range) => {
  expect((await admin.get(`/stats/days${range}`)).status).toBe(400)
})
