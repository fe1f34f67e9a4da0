import { expect, it } from 'vitest'
import { ListedOrder } from '../../../functions/dispatch/orders/contract.ts'
import { listOrders } from '../../../functions/dispatch/orders/list.ts'
import { readOrder } from '../../../functions/dispatch/orders/read.ts'
import { freshDatabase } from '../../support/database.ts'
import { freshProxy } from '../../support/proxy.ts'
import { contextsOf } from '../support/context.ts'
import { asAdmin, asCourier, asStore, givenCourier, givenOrder, givenStore } from '../support/given.ts'

const database = await freshDatabase()
const proxy = await freshProxy(database)
const { admin } = database
const as = contextsOf(database, proxy)
const listed = Object.keys(ListedOrder.shape)

const storeId = await givenStore(admin)
const courierId = await givenCourier(admin, { capacity: 100 })
await givenOrder(admin, { storeId })
for (const status of ['assigned', 'accepted', 'picked_up', 'delivered', 'canceled'] as const)
  await givenOrder(admin, { storeId, status, courierId })
// The largest numbers that a client may meet, and both instants that may be missing.
await admin.query(
  `update dispatch.orders
  set price_minor = 9007199254740991, fence = 9007199254740990,
    ready_at = '2026-01-01T00:00:00.000001Z', due_at = '9999-12-31T23:59:59Z'
  where status in ('assigned', 'delivered')`,
)

it.each([
  ['an admin', asAdmin, {}, 6],
  ['a store', asStore(storeId), {}, 6],
  ['a courier', asCourier(courierId), {}, 6],
  ['an admin, of one status by the prepared function', asAdmin, { statuses: ['assigned'] as const }, 1],
  [
    'a store, of one status by the prepared function',
    asStore(storeId),
    { statuses: ['delivered'] as const },
    1,
  ],
])(
  'each order of a list for %s is exact and as its own read shows it',
  async (_who, principal, filter, count) => {
    const ctx = as(principal)
    const orders = await listOrders(ctx, { ...filter, before: null, limit: 50 })
    expect(orders).toHaveLength(count)
    for (const order of orders) {
      const read = Object.entries((await readOrder(ctx, { orderId: order.id })) ?? {})
      expect(JSON.stringify(order)).toBe(
        JSON.stringify(
          Object.fromEntries(listed.map((name) => read.find(([field]) => field === name) ?? [])),
        ),
      )
    }
  },
)

it('a list of nothing that the caller may see is empty', async () => {
  expect(await listOrders(as(null), { before: null, limit: 50 })).toEqual([])
  const stranger = as(asCourier(courierId + 1))
  expect(await listOrders(stranger, { statuses: ['accepted'], before: null, limit: 50 })).toEqual([])
})
