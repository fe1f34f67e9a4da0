import { Pool } from '@neondatabase/serverless'
import { drizzle } from 'drizzle-orm/neon-serverless'
import type { Principal } from '../../functions/core/context.ts'
import { effect } from '../../functions/core/idempotency.ts'
import { claimStatement } from '../../functions/dispatch/assignments/claim.ts'
import { contextOverHttp } from '../context-over.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe } from '../method.ts'
import { givenOrders } from './given.ts'
import { claimByOrm } from './orm-claim.ts'

const clients = 8
const depth = 20_000

type Claim = (orderId: number, courierId: number, client: number) => Promise<unknown>

/**
 * A claim with its key in one call over HTTP, beside an ORM transaction through the same driver over WebSocket. A Worker
 * may not keep a socket from one request to the next, so the baseline opens one for each claim; the other one keeps them.
 */
export const overWebSocket: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const { owner } = database
  const place = { databaseUrl: database.workerUrl, proxy: await rig.proxy(database) }
  const contender = (name: string, claim: Claim): Contender => ({
    name,
    prepare: () => givenOrders(owner, { orders: depth, couriers: clients * 50 }),
    turn: () =>
      closedLoop({
        clients,
        seconds: pace.seconds,
        count: depth,
        async operation(client, n) {
          await claim(n + 1, client * 50 + (n % 50) + 1, client)
          return 1
        },
      }),
    async verify({ operations }) {
      const { rows } = await owner.query(`
        select (select count(*)::int from dispatch.orders where status = 'assigned' and fence = 1) as orders,
          (select count(*)::int from dispatch.order_events where type = 'claimed') as events,
          (select coalesce(sum(held_boxes), 0)::int from dispatch.couriers) as boxes`)
      mustBe(rows[0], { orders: operations, events: operations, boxes: operations }, `what ${name} left`)
    },
  })

  const claimWithKey: Claim = async (orderId, courierId) => {
    const courier: Principal = { role: 'courier', sub: String(courierId), id: courierId }
    await effect(contextOverHttp(place, courier, true), claimStatement(courier, { orderId, courierId }))
  }
  const open = () => {
    const pool = new Pool({ connectionString: database.workerUrl, max: 1 })
    // A socket that is closing may still report its end.
    pool.on('error', () => undefined)
    return pool
  }
  const claimOnce: Claim = async (orderId, courierId) => {
    const pool = open()
    try {
      await claimByOrm(drizzle(pool), orderId, courierId)
    } finally {
      await pool.end()
    }
  }
  const kept = Array.from({ length: clients }, open)
  const ours = contender('claim with a key, one call over HTTP', claimWithKey)
  await compare(
    {
      name: 'dispatch claim over HTTP beside an ORM transaction over WebSocket',
      unit: 'claims/s',
      database: owner,
      ours,
      baseline: contender('ORM transaction, a socket for each', claimOnce),
      others: [
        contender('ORM transaction, a socket kept by each client', (orderId, courierId, client) => {
          const pool = kept[client]
          return pool ? claimByOrm(drizzle(pool), orderId, courierId) : Promise.resolve()
        }),
      ],
    },
    pace,
  )
  await Promise.all(kept.map((pool) => pool.end()))
}
