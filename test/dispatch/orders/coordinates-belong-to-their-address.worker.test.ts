import { describe, expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { givenStore } from '../support/given.ts'
import { type Answer, caller, parcel } from '../support/http.ts'

const app = await freshWorker()
const storeId = await givenStore(app.database.admin)
const store = await caller(app, 'store', storeId)
const admin = await caller(app, 'admin', 1)

// As givenStore makes it.
const ofStore = { pickupAddress: '1 Market Street', pickupLat: 51.5, pickupLng: -0.12 }

const created = async (more: object = {}) =>
  (await store.post('/orders', { body: { ...parcel, ...more } })).body

async function changed(order: Record<string, unknown>, body: object): Promise<Answer> {
  return store.patch(`/orders/${String(order['id'])}`, { body, ifMatch: Number(order['version']) })
}

const at = { deliveryLat: 51.51, deliveryLng: -0.1 }

describe('the delivery address', () => {
  it('without coordinates clears those of the old address', async () => {
    const { body } = await changed(await created(at), { deliveryAddress: '9 Far Road' })
    expect(body).toMatchObject({ deliveryAddress: '9 Far Road', deliveryLat: null, deliveryLng: null })
  })

  it('brings its own coordinates, and keeps them when other fields change', async () => {
    const moved = await changed(await created(at), {
      deliveryAddress: '9 Far Road',
      deliveryLat: 1,
      deliveryLng: 2,
    })
    expect(moved.body).toMatchObject({ deliveryLat: 1, deliveryLng: 2 })
    const { body } = await changed(moved.body, { phone: '+44 20 7946 0001' })
    expect(body).toMatchObject({ deliveryAddress: '9 Far Road', deliveryLat: 1, deliveryLng: 2 })
  })

  it('sent again as it is keeps its coordinates', async () => {
    const { body } = await changed(await created(at), { deliveryAddress: parcel.deliveryAddress })
    expect(body).toMatchObject(at)
  })

  it('can get coordinates later, and lose them', async () => {
    const placed = await changed(await created(), at)
    expect(placed.body).toMatchObject(at)
    const cleared = await changed(placed.body, { deliveryLat: null, deliveryLng: null })
    expect(cleared.body).toMatchObject({ deliveryLat: null, deliveryLng: null })
    for (const half of [{ deliveryLat: 1 }, { deliveryLng: 1 }, { deliveryLat: 1, deliveryLng: null }])
      expect((await changed(cleared.body, half)).status).toBe(400)
  })
})

describe('the pickup address', () => {
  it('of the store brings the coordinates of the store, and no other address does', async () => {
    expect(await created()).toMatchObject(ofStore)
    expect(await created({ pickupAddress: ofStore.pickupAddress })).toMatchObject(ofStore)
    const elsewhere = await created({ pickupAddress: '5 Depot Way' })
    expect(elsewhere).toMatchObject({ pickupLat: null, pickupLng: null })
    const back = await changed(elsewhere, { pickupAddress: ofStore.pickupAddress })
    expect(back.body).toMatchObject(ofStore)
    const away = await changed(back.body, { pickupAddress: '5 Depot Way' })
    expect(away.body).toMatchObject({ pickupAddress: '5 Depot Way', pickupLat: null, pickupLng: null })
    const placed = await changed(away.body, { pickupAddress: '6 Depot Way', pickupLat: 1, pickupLng: 2 })
    expect(placed.body).toMatchObject({ pickupLat: 1, pickupLng: 2 })
  })
})

it('another address of a store without coordinates clears those of the old one', async () => {
  const body = { name: 'Baker', pickupAddress: '1 Old Street', lat: 1, lng: 2 }
  const made = (await admin.post('/stores', { body })).body
  const path = `/stores/${String(made['id'])}`
  const renamed = await admin.patch(path, { body: { name: 'Bakery' }, ifMatch: 1 })
  expect(renamed.body).toMatchObject({ lat: 1, lng: 2 })
  const moved = await admin.patch(path, { body: { pickupAddress: '2 New Street' }, ifMatch: 2 })
  expect(moved.body).toMatchObject({ pickupAddress: '2 New Street', lat: null, lng: null })
})

describe('the times of an order', () => {
  const [early, late] = ['2030-01-01T09:00:00.000000Z', '2030-01-01T10:00:00.000000Z']

  it('can be changed and removed', async () => {
    const timed = await changed(await created(), { readyAt: early, dueAt: late })
    expect(timed.body).toMatchObject({ readyAt: early, dueAt: late })
    expect((await changed(timed.body, { readyAt: null, dueAt: null })).body).toMatchObject({
      readyAt: null,
      dueAt: null,
    })
  })

  it.each([
    ['hours', { readyAt: late, dueAt: early }],
    ['a microsecond', { readyAt: '2030-01-01T09:00:00.000001Z', dueAt: '2030-01-01T09:00:00Z' }],
    ['an offset', { readyAt: '2030-01-01T09:00:00Z', dueAt: '2030-01-01T10:00:00+02:00' }],
  ])('refuse an order that is due before it is ready, by %s', async (_, times) => {
    expect(await store.post('/orders', { body: { ...parcel, ...times } })).toMatchObject({
      status: 422,
      body: { code: 'unprocessable', detail: 'dueAt must not be before readyAt' },
    })
    const order = await created()
    expect((await changed(order, times)).status).toBe(422)
    const ready = await changed(order, { readyAt: times.readyAt })
    expect((await changed(ready.body, { dueAt: times.dueAt })).status).toBe(422)
    const due = await changed(await created(), { dueAt: times.dueAt })
    expect((await changed(due.body, { readyAt: times.readyAt })).status).toBe(422)
  })

  it('allow an order that is due when it is ready', async () => {
    expect(await created({ readyAt: early, dueAt: early })).toMatchObject({ readyAt: early, dueAt: early })
  })

  it('are kept in order by Postgres whoever writes them', async () => {
    const write = app.database.admin.query(
      `update dispatch.orders set ready_at = now(), due_at = now() - interval '1 second' where id = $1`,
      [(await created())['id']],
    )
    await expect(write).rejects.toMatchObject({ constraint: 'orders_due_not_before_ready' })
  })
})
