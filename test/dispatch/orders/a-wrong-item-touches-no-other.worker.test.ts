import { expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { givenStore } from '../support/given.ts'
import { caller, parcel } from '../support/http.ts'

const app = await freshWorker()
const store = await caller(app, 'store', await givenStore(app.database.admin))

const times = (offset: string) => ({ ...parcel, dueAt: `2030-01-01T09:00:00${offset}` })

/** Items that Postgres would refuse, each with the field at fault. */
const wrong: [string, unknown, string][] = [
  ['an offset of +16:00', times('+16:00'), 'dueAt'],
  ['an offset of -16:00', times('-16:00'), 'dueAt'],
  ['an offset of +23:59', times('+23:59'), 'dueAt'],
  ['an offset of -23:59', times('-23:59'), 'dueAt'],
  [
    'an offset that leads into the year 10000',
    { ...parcel, readyAt: '9999-12-31T23:59:59-12:00' },
    'readyAt',
  ],
  ['an offset that leads before the year 1', { ...parcel, readyAt: '0001-01-01T00:00:00+12:00' }, 'readyAt'],
  ['a moment of 500 digits', { ...parcel, dueAt: `2030-01-01T09:00:00.${'1'.repeat(500)}Z` }, 'dueAt'],
  ['NUL', { ...parcel, recipientName: 'R\0' }, 'recipientName'],
  ['a lone surrogate', { ...parcel, deliveryAddress: 'A \ud800 B' }, 'deliveryAddress'],
  ['a name with NUL', { ...parcel, 'x\0': 1 }, 'x\0'],
  ['NUL where no text belongs', ['\0'], '0'],
  ['a due time before its ready time', { ...times('Z'), readyAt: '2030-01-01T10:00:00Z' }, ''],
]

it.each(wrong)(
  '%s in one item of a batch refuses that item and creates the others',
  async (_, item, path) => {
    const orders = [parcel, item, { ...parcel, boxesCount: 9 }]
    const { status, body } = await store.post('/orders/bulk', { body: { orders } })
    expect(status).toBe(200)
    expect(body['data']).toMatchObject([
      { index: 0, ok: true },
      { index: 1, ok: false, problem: path === '' ? { code: 'unprocessable' } : { errors: [{ path }] } },
      { index: 2, ok: true, order: { priceMinor: 7000 } },
    ])
  },
)

it('all of them in one batch touch none of the sound ones, also when it is repeated', async () => {
  const orders = wrong.flatMap(([, item]) => [item, parcel])
  const send = async () => (await store.post('/orders/bulk', { body: { orders }, key: 'all' })).body['data']
  const first = await send()
  expect((first as { ok: boolean }[]).map(({ ok }) => ok)).toEqual(wrong.flatMap(() => [false, true]))
  expect(await send()).toEqual(first)
})

it.each(wrong)('%s is refused by a single creation, too', async (_, item) => {
  const { status } = await store.post('/orders', { body: item as object })
  expect([400, 422]).toContain(status)
})

it('NUL outside of the items refuses the request, and so does an item that is nested too deeply', async () => {
  expect((await store.post('/orders/bulk', { body: { orders: [parcel], 'x\0': 1 } })).status).toBe(400)
  const deep = JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`)
  expect((await store.post('/orders/bulk', { body: { orders: [deep, parcel] } })).status).toBe(400)
})

it('offsets of up to fifteen hours and 59 minutes are stored as the moment that they name', async () => {
  const orders = ['+15:59', '-15:59'].map((offset) => times(offset))
  const { body } = await store.post('/orders/bulk', { body: { orders } })
  expect(body['data']).toMatchObject([
    { order: { dueAt: '2029-12-31T17:01:00.000000Z' } },
    { order: { dueAt: '2030-01-02T00:59:00.000000Z' } },
  ])
})
