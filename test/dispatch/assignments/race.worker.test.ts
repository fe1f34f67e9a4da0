import { describe, expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'

const app = await freshWorker({ bindings: { DEV_SIGN_IN: '1' } })
const admin = `Bearer ${await app.token('admin', 1)}`

type Lane = { courierId: number; won: boolean; reason: string; trips: number }
type Answered = { id: number; winners: number; lanes: Lane[] }

async function post(path: string, body: object, headers: Record<string, string> = {}) {
  const answer = await app.fetch(path, {
    method: 'POST',
    headers: { authorization: admin, 'content-type': 'application/json', origin: app.url, ...headers },
    body: JSON.stringify(body),
  })
  const answered: Answered = await answer.json()
  return { status: answer.status, body: answered }
}

const store = await post('/v1/dispatch/stores', { name: 'S', pickupAddress: 'A' })
const parcel = { deliveryAddress: 'B', recipientName: 'C', phone: '+44 20 7946 0000', boxesCount: 1 }
const newOrder = async (): Promise<number> =>
  (await post('/v1/dispatch/orders', { storeId: store.body.id, ...parcel })).body.id

describe('a race', () => {
  it('has one winner, and each of the others gets the reason in one round trip', async () => {
    const { status, body } = await post('/v1/dev/race', { orderId: await newOrder(), couriers: 40 })
    expect([status, body.winners, body.lanes.length]).toEqual([200, 1, 40])
    const lost = body.lanes.filter(({ won }) => !won)
    expect(new Set(lost.map(({ reason }) => reason))).toEqual(new Set(['order_taken']))
    expect(body.lanes.every(({ trips }) => trips === 1)).toBe(true)
  })

  it('that is repeated with its key has no second effect', async () => {
    const orderId = await newOrder()
    const key = { 'idempotency-key': 'one-race' }
    const winner = async () => {
      const { body } = await post('/v1/dev/race', { orderId, couriers: 10 }, key)
      return body.lanes.find(({ won }) => won)?.courierId
    }
    const first = await winner()
    expect(await winner()).toBe(first)
    const order = await app.fetch(`/v1/dispatch/orders/${orderId}`, { headers: { authorization: admin } })
    expect(await order.json()).toMatchObject({ courierId: first, fence: 1 })
  })

  it('leaves each loser in the list of lost claims, page by page', async () => {
    const orderId = await newOrder()
    await post('/v1/dev/race', { orderId, couriers: 12 })
    const found: number[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const path = `/v1/dispatch/orders/${orderId}/lost-claims?limit=5${cursor === '' ? '' : `&cursor=${cursor}`}`
      const answer = await app.fetch(path, { headers: { authorization: admin } })
      const page: { data: { courierId: number }[]; nextCursor: string | null } = await answer.json()
      found.push(...page.data.map(({ courierId }) => courierId))
      cursor = page.nextCursor
    }
    expect([found.length, new Set(found).size]).toEqual([11, 11])
  })

  it('does not exist for another origin than the dashboard’s own', async () => {
    const sent = { orderId: await newOrder(), couriers: 2 }
    expect((await post('/v1/dev/race', sent, { origin: 'http://127.0.0.1:1' })).status).toBe(404)
  })
})

describe('the lost claims of an order', () => {
  it('are not found by another store', async () => {
    const orderId = await newOrder()
    const authorization = `Bearer ${await app.token('store', store.body.id + 1)}`
    const answer = await app.fetch(`/v1/dispatch/orders/${orderId}/lost-claims`, {
      headers: { authorization },
    })
    expect(answer.status).toBe(404)
  })
})
