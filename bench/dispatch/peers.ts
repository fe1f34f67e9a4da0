import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import type pg from 'pg'
import { claimOrder } from '../../functions/dispatch/assignments/claim.ts'
import { orderRules } from '../../schema/dispatch/rules.ts'
import { contextOver } from '../context-over.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe } from '../method.ts'
import { statement } from '../prepared.ts'
import type { BenchDatabase } from '../rig.ts'
import { givenOrders } from './given.ts'
import { claimByOrm } from './orm-claim.ts'

const clients = 8
const depth = 20_000

type Claim = (connection: pg.Client, order: number, courier: number) => Promise<unknown>

/**
 * A claim over direct connections, beside the same effect written with an ORM (a transaction of six round trips) and
 * beside its limit: the three writes in one statement that decides nothing and answers nothing.
 */
export const peers: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const checked = await rig.database()
  for (const [name, rule] of Object.entries(orderRules))
    await checked.owner.query(
      `alter table dispatch.orders add constraint ${name} check (${rule.replaceAll(/\br\./g, '')})`,
    )
  const ours = await contenderOver(database, 'claim, a function', claimAs({ hotCalls: true }))
  const shared = { unit: 'claims/s', database: database.owner, ours }
  await compare(
    {
      ...shared,
      name: 'dispatch claim beside an ORM transaction',
      baseline: await contenderOver(database, 'ORM transaction, same effect', (connection, order, courier) =>
        claimByOrm(drizzle(connection), order, courier),
      ),
      others: [
        await contenderOver(database, 'claim as its text', claimAs({})),
        await contenderOver(checked, '… and one check per rule of an order', claimAs({ hotCalls: true })),
      ],
    },
    pace,
  )
  const limit = statement(threeWrites)
  await compare(
    {
      ...shared,
      name: 'dispatch claim beside its three writes alone',
      baseline: await contenderOver(database, 'three writes, planned each time', limit),
    },
    pace,
  )
}

async function contenderOver(database: BenchDatabase, name: string, claim: Claim): Promise<Contender> {
  const connections = await database.connect(clients)
  return {
    name,
    database: database.owner,
    prepare: () => givenOrders(database.owner, { orders: depth, couriers: clients * 50 }),
    turn: ({ seconds }) =>
      closedLoop({
        clients,
        seconds,
        count: depth,
        async operation(client, n) {
          const connection = connections[client]
          if (connection === undefined) return null
          await claim(connection, n + 1, client * 50 + (n % 50) + 1)
          return 1
        },
      }),
    async verify({ operations }) {
      const { rows } = await database.owner.query(`
        select (select count(*)::int from dispatch.orders where status = 'assigned' and fence = 1) as orders,
          (select count(*)::int from dispatch.order_events where type = 'claimed') as events,
          (select coalesce(sum(held_boxes), 0)::int from dispatch.couriers) as boxes`)
      mustBe(rows[0], { orders: operations, events: operations, boxes: operations }, `what ${name} left`)
    },
  }
}

function claimAs(options: { hotCalls?: boolean }): Claim {
  return async (connection, orderId, courierId) => {
    const courier = { role: 'courier', sub: String(courierId), id: courierId } as const
    const claimed = await claimOrder(contextOver(connection, courier, options), { orderId, courierId })
    mustBe(claimed.ok, true, 'whether the claim won')
  }
}

function threeWrites(order: number, courier: number) {
  return sql`
with carrier as (
  update dispatch.couriers set held_boxes = held_boxes + 1 where id = ${courier}
),
claimed as (
  update dispatch.orders
  set status = 'assigned', courier_id = ${courier}, assigned_at = now(), lease_expires_at = now() + interval '120 s',
    fence = fence + 1, version = version + 1
  where id = ${order}
  returning id, courier_id, fence
)
insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence)
select id, 'claimed', 'new', 'assigned', 'courier', '1', courier_id, fence from claimed
returning order_id`
}
