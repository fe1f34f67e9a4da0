import { describe, expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { givenCourier, givenOrder, givenStore } from '../support/given.ts'
import { caller, parcel } from '../support/http.ts'

const unlimited = { limit: 1_000_000, period: 60 } as const
const app = await freshWorker({ rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited } })
const client = app.database.admin
const storeId = await givenStore(client)
const store = await caller(app, 'store', storeId)
const admin = await caller(app, 'admin', 1)

async function givenCaller(more: Parameters<typeof givenCourier>[1] = {}) {
  const id = await givenCourier(client, more)
  return { id, courier: await caller(app, 'courier', id) }
}

describe('a list', () => {
  it('shows each caller its own orders, filtered by status, store, courier and time', async () => {
    const [otherStore, { id: courierId, courier }] = [await givenStore(client), await givenCaller()]
    const other = await caller(app, 'store', otherStore)
    const open = await givenOrder(client, { storeId: otherStore })
    const mine = await givenOrder(client, { storeId: otherStore, status: 'accepted', courierId })
    const ids = async (who: typeof store, query: string) =>
      ((await who.get(`/orders?limit=200&${query}`)).body['data'] as { id: number }[]).map(({ id }) => id)
    expect(await ids(other, '')).toEqual([mine, open])
    expect(await ids(other, 'status=accepted')).toEqual([mine])
    expect(await ids(other, `storeId=${storeId}`)).toEqual([])
    expect(await ids(admin, `storeId=${otherStore}&status=new,accepted`)).toEqual([mine, open])
    expect(await ids(admin, `courierId=${courierId}`)).toEqual([mine])
    expect(await ids(courier, 'status=accepted')).toEqual([mine])
    expect(await ids(courier, 'status=new')).toContain(open)
    expect(await ids(courier, 'status=canceled,delivered')).toEqual([])
    expect(await ids(other, 'since=2099-01-01T00:00:00Z')).toEqual([])
    expect(
      ((await courier.get(`/couriers/${courierId}/orders`)).body['data'] as { id: number }[])[0]?.id,
    ).toBe(mine)
  })

  it('pages without a gap or a repeat during concurrent writes', async () => {
    const pagedStore = await givenStore(client)
    const paged = await caller(app, 'store', pagedStore)
    const before = await Promise.all(
      Array.from({ length: 60 }, () => givenOrder(client, { storeId: pagedStore })),
    )
    const seen: number[] = []
    let cursor: string | null = ''
    let writing: Promise<unknown> = Promise.resolve()
    while (cursor !== null) {
      const page = await paged.get(`/orders?status=new&limit=7${cursor && `&cursor=${cursor}`}`)
      seen.push(...(page.body['data'] as { id: number }[]).map(({ id }) => id))
      cursor = page.body['nextCursor'] as string | null
      await writing
      writing = Promise.all([1, 2, 3].map(() => paged.post('/orders', { body: parcel })))
    }
    await writing
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.filter((id) => before.includes(id)).toSorted((a, b) => a - b)).toEqual(
      before.toSorted((a, b) => a - b),
    )
    expect((await paged.get('/orders?cursor=bm90LWpzb24')).body).toMatchObject({
      status: 400,
      code: 'invalid_cursor',
    })
  })
})

describe('one order', () => {
  it('shows its store, its courier, a rival and an admin only their fields', async () => {
    const [{ id: courierId, courier }, { courier: rival }] = [await givenCaller(), await givenCaller()]
    const other = await caller(app, 'store', await givenStore(client))
    const open = `/orders/${await givenOrder(client, { storeId })}`
    const held = `/orders/${await givenOrder(client, { storeId, status: 'accepted', courierId })}`
    const knows = async (who: typeof store, at: string) => {
      const { status, body } = await who.get(at)
      return status === 200 ? 'recipientName' in body && 'phone' in body : status
    }
    expect([await knows(store, open), await knows(admin, open), await knows(other, open)]).toEqual([
      true,
      true,
      404,
    ])
    expect([await knows(courier, open), await knows(rival, open)]).toEqual([false, false])
    expect([await knows(courier, held), await knows(rival, held)]).toEqual([true, 404])
    for (const path of ['accept', 'pickup', 'deliver'])
      expect((await rival.post(`${held}/${path}`, { body: { fence: 1 } })).status).toBe(404)
    expect((await other.post(`${held}/cancel`, { body: {} })).status).toBe(404)
    expect((await rival.get(`/couriers/${courierId}`)).status).toBe(404)
    expect((await rival.put(`/couriers/${courierId}/position`, { body: { lat: 1, lng: 1 } })).status).toBe(
      404,
    )
  })
})
