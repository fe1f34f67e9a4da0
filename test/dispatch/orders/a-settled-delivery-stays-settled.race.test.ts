import { describe, expect, it } from 'vitest'
import type { Db } from '../../../functions/core/db.ts'
import { effect } from '../../../functions/core/idempotency.ts'
import { settleDeliveries } from '../../../functions/dispatch/orders/settle.ts'
import { undoDelivery } from '../../../functions/dispatch/orders/undo.ts'
import { letLocksWait } from '../../core/barrier.ts'
import { freshDatabase } from '../../support/database.ts'
import { explore } from '../../support/interleave.ts'
import { freshProxy } from '../../support/proxy.ts'
import { contextsOf } from '../support/context.ts'
import { asCourier, givenCourier, givenOrder, givenStore } from '../support/given.ts'
import { broken } from '../support/invariants.ts'

const database = await freshDatabase()
await letLocksWait(database)
const as = contextsOf(database, await freshProxy(database))
const arranging = await database.connect()
const monitor = await database.connect()
const clients = [await database.connect(database.workerUrl), await database.connect(database.workerUrl)]
const storeId = await givenStore(arranging)

/** Removes the time conditions that separate undo and settlement, so only the lock and `settled_at` separate them. */
const timeless = (text: string) =>
  text.replace('o.delivered_at <= now() - make_interval', 'now() >= now() - make_interval')
const forgetful = (text: string) =>
  timeless(text).replace(/and o\.settled_at is null(\s+and o\.delivered_at > now\(\))/, '$1')

describe('an undo and a settlement, in every interleaving', () => {
  it('never undo a delivery that other modules have received', async () => {
    const { broken: found, waits, schedules } = await explore({ clients, monitor, arrange, mutate: timeless })
    expect(found).toBeNull()
    expect(schedules).toBeGreaterThan(3)
    expect(waits).toBeGreaterThan(0)
  })

  it('are stopped by a trigger if the undo does not check the settlement', async () => {
    const explored = await explore({ clients, monitor, arrange, mutate: forgetful })
    expect(explored.broken?.found.join(' ')).toContain('cannot go back')
  })
})

async function arrange() {
  const courierId = await givenCourier(arranging)
  const orderId = await givenOrder(arranging, { storeId, courierId, status: 'delivered' })
  const by = { courierId, fence: 1 }
  return {
    actors: [
      (db: Db) =>
        undoDelivery(Object.assign(as(asCourier(courierId)), { db }), { orderId, by, reason: 'wrong door' }),
      (db: Db) => effect(Object.assign(as(null), { db }), settleDeliveries()),
    ],
    check: async (answers: unknown[]) => [
      ...answers.flatMap((one) => (one instanceof Error ? [one.message] : [])),
      ...(await broken(arranging, [orderId])),
      ...(await heardWrongly(orderId)),
    ],
  }
}

/** Other modules receive a delivery once, and only when it is final. */
async function heardWrongly(orderId: number): Promise<string[]> {
  const { rows } = await arranging.query(
    `select 'order ' || o.id || ' is ' || o.status || ', others received ' || count(e.seq) || ' deliveries' as found
    from dispatch.orders o
    left join core.outbox e on e.subject = 'order:' || o.id
    where o.id = $1
    group by o.id
    having count(e.seq) <> (o.settled_at is not null)::int`,
    [orderId],
  )
  return rows.map(({ found }) => String(found))
}
