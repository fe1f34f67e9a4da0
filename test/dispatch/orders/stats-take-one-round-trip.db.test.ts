import { expect, it } from 'vitest'
import { readStats } from '../../../functions/dispatch/orders/stats.ts'
import { freshDatabase } from '../../support/database.ts'
import { freshProxy } from '../../support/proxy.ts'
import { contextsOf } from '../support/context.ts'
import { asAdmin, givenCourier, givenOrder, givenStore } from '../support/given.ts'

const database = await freshDatabase()
const pool = database.admin
const as = contextsOf(database, await freshProxy(database))

/** Moves each event of the order this many seconds into the past. */
async function age(orderId: number, secondsAgo: Record<string, number>): Promise<void> {
  await pool.query(
    `update dispatch.order_events e
    set created_at = now() - make_interval(secs => ago.value::numeric)
    from jsonb_each_text($2::jsonb) ago
    where e.order_id = $1
      and e.type = ago.key`,
    [orderId, JSON.stringify(secondsAgo)],
  )
}

async function lost(orderId: number, courierId: number, times: number, hoursAgo: number): Promise<void> {
  await pool.query(
    `insert into dispatch.lost_claims (order_id, courier_id, times, last_at)
    values ($1, $2, $3, now() - make_interval(hours => $4))`,
    [orderId, courierId, times, hoursAgo],
  )
}

it('one round trip answers live orders, time in each state, and lost claims', async () => {
  const storeId = await givenStore(pool)
  const [ana, ben] = [await givenCourier(pool), await givenCourier(pool, { available: false })]
  const accepted = await givenOrder(pool, { storeId, courierId: ana, status: 'accepted', boxes: 3 })
  const assigned = await givenOrder(pool, { storeId, courierId: ben, status: 'assigned', boxes: 2 })
  const fresh = await givenOrder(pool, { storeId })
  await age(accepted, { created: 100, claimed: 40, accepted: 10 })
  await age(assigned, { created: 50, claimed: 30 })
  // Of events before the last hour, the stats only use the start of a state that ended within it.
  const yesterday = await givenOrder(pool, { storeId, courierId: ana, status: 'canceled' })
  await age(yesterday, { created: 90_000, canceled: 86_400 })
  await lost(accepted, ben, 3, 0)
  await lost(assigned, ana, 1, 0)
  await lost(fresh, ben, 2, 0)
  await lost(yesterday, ben, 9, 24)

  const ctx = as(asAdmin)
  expect(await readStats(ctx, { hours: 1 })).toEqual({
    asOf: expect.stringMatching(/Z$/),
    hours: 1,
    live: {
      new: { orders: 1, oldestSeconds: expect.any(Number) },
      assigned: { orders: 1, oldestSeconds: expect.any(Number) },
      accepted: { orders: 1, oldestSeconds: expect.any(Number) },
      picked_up: { orders: 0, oldestSeconds: null },
    },
    couriers: { available: 1, heldBoxes: 3, capacityBoxes: 8 },
    events: { created: 3, claimed: 2, accepted: 1 },
    states: {
      new: { orders: 2, meanSeconds: 40, medianSeconds: 40, p95Seconds: 58 },
      assigned: { orders: 1, meanSeconds: 30, medianSeconds: 30, p95Seconds: 30 },
    },
    lostClaims: {
      total: 6,
      orders: [
        { orderId: accepted, times: 3 },
        { orderId: fresh, times: 2 },
        { orderId: assigned, times: 1 },
      ],
      couriers: [
        { courierId: ben, times: 5 },
        { courierId: ana, times: 1 },
      ],
    },
  })
  expect(ctx.metrics.trips).toBe(1)
})
