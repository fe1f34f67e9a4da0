import { describe, expect, it } from 'vitest'
import type { Ctx, Principal } from '../../../functions/core/context.ts'
import { DatabaseError } from '../../../functions/core/sqlstate.ts'
import { assignOrders } from '../../../functions/dispatch/assignments/assign-many.ts'
import { claimOrder } from '../../../functions/dispatch/assignments/claim.ts'
import { claimNextOrder } from '../../../functions/dispatch/assignments/claim-next.ts'
import { letLocksWait } from '../../core/barrier.ts'
import { meets } from '../../support/blocking.ts'
import { freshDatabase } from '../../support/database.ts'
import { defectiveDb } from '../../support/defective-db.ts'
import { freshProxy } from '../../support/proxy.ts'
import { contextsOf } from '../support/context.ts'
import { asAdmin, asCourier, givenCouriers, givenOrders, givenStore } from '../support/given.ts'
import { broken } from '../support/invariants.ts'

const database = await freshDatabase()
await letLocksWait(database)
const proxy = await freshProxy(database, { maxSessions: 60 })
const admin = database.admin
const sound = contextsOf(database, proxy)
const withoutLockOfCouriers = defectiveDb(database, {
  max: 40,
  defect: (text) => text.replace(/(from compared\)[^)]*order by c\.id)\n\s*for update\n\)/, '$1)'),
})
const storeId = await givenStore(admin)

/** Runs four bulk assignments of the same orders while every courier claims by id and by claim-next. */
async function rush(as: (who: Principal) => Ctx) {
  const couriers = await givenCouriers(admin, 30, { capacity: 8 })
  const orders = await givenOrders(admin, 200, { storeId, boxes: 2 })
  const bulk = Array.from({ length: 4 }, (_, nth) =>
    assignOrders(as(asAdmin), {
      orderIds: orders.slice(nth * 40, nth * 40 + 80),
      limit: 500,
      courierIds: couriers,
    }),
  )
  const single = couriers.flatMap((courierId, nth) => [
    claimOrder(as(asCourier(courierId)), { orderId: orders[nth * 5] ?? 0, courierId }),
    claimNextOrder(as(asCourier(courierId)), { courierId }),
    claimOrder(as(asCourier(courierId)), { orderId: orders[nth * 6] ?? 0, courierId }),
  ])
  const failures = (await Promise.allSettled([...bulk, ...single])).flatMap((one) =>
    one.status === 'rejected' ? [one.reason] : [],
  )
  const { rows } = await admin.query(
    `select count(*) as claims, count(distinct order_id) as orders
    from dispatch.order_events
    where order_id = any ($1)
      and type in ('claimed', 'assigned')`,
    [orders],
  )
  return { failures, couriers, claims: Number(rows[0].claims), orders: Number(rows[0].orders) }
}

/** A bulk assignment that begins while an uncommitted claim fills the only courier. */
async function besideAClaim(as: (who: Principal) => Ctx) {
  const couriers = await givenCouriers(admin, 1, { capacity: 8 })
  const orders = await givenOrders(admin, 4, { storeId, boxes: 2 })
  const claim = await database.connect()
  await claim.query('begin')
  await claim.query('update dispatch.couriers set held_boxes = capacity_boxes where id = any ($1)', [
    couriers,
  ])
  const assigned = Promise.allSettled([
    assignOrders(as(asAdmin), { orderIds: orders, limit: 500, courierIds: couriers }),
  ])
  expect(await meets(claim, assigned, admin)).toBe('waits')
  await claim.query('commit')
  const [outcome] = await assigned
  // As if the claim had never been: its boxes belong to no order.
  await admin.query('update dispatch.couriers set held_boxes = 0 where id = any ($1)', [couriers])
  return outcome
}

async function held(couriers: number[]): Promise<number[]> {
  const { rows } = await admin.query<{ held_boxes: number }>(
    'select held_boxes from dispatch.couriers where id = any ($1)',
    [couriers],
  )
  return rows.map((row) => row.held_boxes)
}

describe('a bulk assignment that races with single claims', () => {
  it('assigns no order twice, exceeds no capacity and never fails', async () => {
    for (let round = 0; round < 5; round++) {
      const { failures, couriers, claims, orders } = await rush(sound)
      expect(failures).toEqual([])
      expect(claims).toBe(orders)
      // One more bulk assignment fills the remaining capacity to the last box.
      await assignOrders(sound(asAdmin), { orderIds: null, limit: 500, courierIds: couriers })
      expect(await held(couriers)).toEqual(couriers.map(() => 8))
    }
    expect(await broken(admin)).toEqual([])
  })

  it('plans with the room that a courier has once its claim has committed', async () => {
    expect(await besideAClaim(sound)).toEqual({ status: 'fulfilled', value: expect.any(Array) })
  })

  it('is found to be broken if it plans with couriers it has not locked', async () => {
    const defective = (who: Principal) => Object.assign(sound(who), { db: withoutLockOfCouriers })
    // Only the check constraint prevents a courier over capacity.
    const { reason } = (await besideAClaim(defective)) as PromiseRejectedResult
    expect(reason).toBeInstanceOf(DatabaseError)
    expect(reason).toMatchObject({ sqlstate: '23514' })
  })
})
