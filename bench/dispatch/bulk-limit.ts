import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe } from '../method.ts'
import type { BenchDatabase } from '../rig.ts'
import { givenOrders } from './given.ts'
import { batch, bulkClients, bulkDepth, couriers, orderQueue } from './queues.ts'

/**
 * Five hundred orders that are assigned and accepted, beside the least that writes the same rows of orders and events: two
 * updates and two inserts that plan nothing, lock no courier and answer nothing.
 */
export const bulkLimit: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const ours = await orderQueue(database)
  await compare(
    {
      name: 'dispatch in bulk beside two updates and two inserts',
      unit: 'orders/s',
      database: database.owner,
      ours: ours.inBulk(`${batch} to ${couriers / bulkClients} couriers, and accepted`, ['accept']),
      baseline: await least(database),
    },
    pace,
  )
}

const assigned = `status = 'assigned', courier_id = 1 + id % ${couriers}, assigned_at = now(),
  lease_expires_at = now() + interval '120 s', fence = fence + 1, version = version + 1`
const accepted = `status = 'accepted', accepted_at = now(), lease_expires_at = null, version = version + 1`

function written(set: string, type: string, was: string, is: string): string {
  return `
with moved as (
  update dispatch.orders set ${set} where id = any ($1::bigint[]) returning id, courier_id, fence
)
insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence)
select id, '${type}', '${was}', '${is}', 'admin', '1', courier_id, fence from moved`
}

async function least(database: BenchDatabase): Promise<Contender> {
  const connections = await database.connect(bulkClients)
  const { owner } = database
  const name = 'two updates and two inserts'
  return {
    name,
    prepare: () => givenOrders(owner, { orders: bulkDepth, couriers }),
    turn: () =>
      closedLoop({
        clients: bulkClients,
        seconds: 60,
        count: bulkDepth / batch,
        async operation(client, n) {
          const values = [Array.from({ length: batch }, (_, at) => n * batch + at + 1)]
          const write = (step: string, text: string) =>
            connections[client]?.query({ name: step, text, values })
          await write('assign', written(assigned, 'assigned', 'new', 'assigned'))
          const accepting = await write('accept', written(accepted, 'accepted', 'assigned', 'accepted'))
          return accepting?.rowCount ?? null
        },
      }),
    async verify({ operations }) {
      const { rows } = await owner.query(`
        select (select count(*)::int from dispatch.orders where status = 'accepted') as orders,
          (select count(*)::int from dispatch.order_events) as events`)
      mustBe(rows[0], { orders: operations, events: 2 * operations }, `what ${name} left`)
      mustBe(operations, bulkDepth, `how many orders ${name} took`)
    },
  }
}
