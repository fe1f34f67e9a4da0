import { describe, expect, it } from 'vitest'
import { claimNextOrder } from '../../../functions/dispatch/assignments/claim-next.ts'
import { freshDatabase } from '../../support/database.ts'
import { freshProxy } from '../../support/proxy.ts'
import { contextsOf } from '../support/context.ts'
import { asCourier, givenCourier, givenOrder, givenStore } from '../support/given.ts'
import { broken } from '../support/invariants.ts'

const database = await freshDatabase()
const { admin } = database
const as = contextsOf(database, await freshProxy(database))
const storeId = await givenStore(admin)

async function next(courierId: number) {
  const ctx = as(asCourier(courierId))
  const claimed = await claimNextOrder(ctx, { courierId, start: { at: () => 0, passed: () => undefined } })
  return { order: claimed.ok ? (claimed.order?.id ?? null) : claimed.reason, trips: ctx.metrics.trips }
}

describe('claim-next while no job has returned the orders whose leases are over', () => {
  it('claims such an order of another courier', async () => {
    const holder = await givenCourier(admin)
    const order = await givenOrder(admin, { storeId, status: 'assigned', courierId: holder, expired: true })
    expect(await next(await givenCourier(admin))).toMatchObject({ order })
    expect(await broken(admin, [order])).toEqual([])
  })

  it('claims with the room that an own expired lease keeps', async () => {
    const courierId = await givenCourier(admin, { capacity: 2 })
    const held = await givenOrder(admin, { storeId, status: 'assigned', courierId, expired: true })
    expect(await next(courierId)).toMatchObject({ order: held })
    expect(await broken(admin, [held])).toEqual([])
  })

  it('claims nothing where all leases last, in one round trip', async () => {
    expect(await next(await givenCourier(admin))).toEqual({ order: null, trips: 1 })
  })
})
