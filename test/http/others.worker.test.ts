import { beforeAll, describe, expect, it } from 'vitest'
import type { Role } from '../../functions/registry/roles.ts'
import { freshWorker } from '../support/worker.ts'
import { contents } from './contents.ts'

// Rows of another principal get 404 and never 403, which would reveal that they exist.
const app = await freshWorker()
const base = '/v1/dispatch'

async function send(role: Role, sub: number, method: string, path: string, body?: object, more = {}) {
  const authorization = `Bearer ${await app.token(role, sub)}`
  const json =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  return app.fetch(`${base}${path}`, {
    method,
    ...json,
    headers: { authorization, ...json.headers, ...more },
  })
}

const order = {
  deliveryAddress: '2 Long Lane',
  recipientName: 'Ada',
  phone: '+44 20 7946 0000',
  boxesCount: 1,
}
let before: Record<string, string> = {}
// Store 1 has order 1, which nobody has, order 2, which courier 1 holds, and order 3, which courier 1 has picked up.
beforeAll(async () => {
  for (const name of ['Baker', 'Other'])
    await send('admin', 1, 'POST', '/stores', { name, pickupAddress: 'A' })
  for (const name of ['Ana', 'Ben']) await send('admin', 1, 'POST', '/couriers', { name, available: true })
  for (let id = 1; id <= 3; id += 1) await send('store', 1, 'POST', '/orders', order)
  for (const id of [2, 3]) await send('courier', 1, 'POST', `/orders/${id}/claim`)
  for (const step of ['accept', 'pickup']) await send('courier', 1, 'POST', `/orders/3/${step}`, { fence: 1 })
  before = await contents(app.database.admin)
})

const tag = { 'if-match': '"1"' }
const fence = { fence: 1 }
const foreign: [Role, string, string, object?, object?][] = [
  ['store', 'GET', '/orders/1'],
  ['store', 'GET', '/orders/1/events'],
  ['store', 'PATCH', '/orders/1', { boxesCount: 2 }, tag],
  ['store', 'POST', '/orders/1/cancel', {}],
  ['store', 'POST', '/orders', { ...order, storeId: 1 }],
  ['store', 'GET', '/stores/1'],
  ['courier', 'GET', '/orders/2'],
  ['courier', 'GET', '/orders/2/events'],
  ['courier', 'GET', '/couriers/1'],
  ['courier', 'PATCH', '/couriers/1', { available: false }, tag],
  ['courier', 'PUT', '/couriers/1/position', { lat: 1, lng: 1 }],
  ['courier', 'GET', '/couriers/1/orders'],
  ...['accept', 'decline', 'release'].map((step): [Role, string, string, object] => [
    'courier',
    'POST',
    `/orders/2/${step}`,
    fence,
  ]),
  ...['deliver', 'fail'].map((step): [Role, string, string, object] => [
    'courier',
    'POST',
    `/orders/3/${step}`,
    step === 'fail' ? { ...fence, reason: 'nobody there' } : fence,
  ]),
]

describe('a stranger', () => {
  it.each(foreign)(
    'as %s finds nothing at %s %s, as if it were not there',
    async (role, method, path, body, more) => {
      const response = await send(role, 2, method, path, body, more)
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ code: 'not_found' })
    },
  )

  it('sees none of it in lists', async () => {
    const listed = async (role: Role, path: string) => (await send(role, 2, 'GET', path)).json()
    expect(await listed('store', '/orders')).toMatchObject({ data: [] })
    expect(await listed('courier', '/couriers/2/orders')).toMatchObject({ data: [] })
    expect(await listed('courier', '/orders')).toMatchObject({ data: [{ id: 1 }] })
  })

  it('has changed nothing', async () => {
    expect(await contents(app.database.admin)).toEqual(before)
  })
})

describe('the owner', () => {
  it('finds the rows: the same requests are not refused', async () => {
    for (const [role, method, path] of foreign.filter(([, verb]) => verb === 'GET'))
      expect([role, path, (await send(role, 1, method, path)).status]).toEqual([role, path, 200])
  })
})
