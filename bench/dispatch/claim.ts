import { sql } from 'drizzle-orm'
import { claimStatement } from '../../functions/dispatch/assignments/claim.ts'
import { type Contender, closedLoop, compare, mustBe } from '../method.ts'
import { type Run, statement } from '../prepared.ts'
import type { Measurement } from '../run.ts'
import { givenOrders } from './given.ts'

const clients = 8
const orders = 40_000

/** Compares claims by id with their lower bound: one update of one row by its primary key. */
export const claimById: Measurement = async (rig, pace) => {
  const { owner, connect } = await rig.database()
  const connections = await connect(clients)
  const principal = { role: 'courier', sub: '1', id: 1 } as const
  const claim = (order: number, courier: number) =>
    claimStatement(principal, { orderId: order, courierId: courier })
  const update = (order: number, courier: number) => sql`
update dispatch.orders
set status = 'assigned',
    courier_id = ${courier},
    assigned_at = now(),
    lease_expires_at = now() + interval '120 s',
    fence = fence + 1,
    version = version + 1
where id = ${order}
returning id`

  const contender = (name: string, run: Run): Contender => ({
    name,
    prepare: () => givenOrders(owner, { orders, couriers: clients * 50 }),
    turn: () =>
      closedLoop({
        clients,
        seconds: pace.seconds,
        count: orders,
        operation: async (client, n) => {
          const courier = client * 50 + (Math.floor(n / 997) % 50) + 1
          const connection = connections[client]
          return connection ? (await run(connection, n + 1, courier)).length : null
        },
      }),
    verify: async ({ operations }) => {
      const { rows } = await owner.query(`
select count(*)::int as assigned
from dispatch.orders
where status = 'assigned'`)
      mustBe(rows[0], { assigned: operations }, `what ${name} left`)
    },
  })
  const compared = { unit: 'claims/s', database: owner }
  await compare(
    {
      ...compared,
      name: 'dispatch claim, planned once',
      ours: contender('claim by id', statement(claim, 'claim')),
      baseline: contender('update by primary key', statement(update, 'update')),
    },
    pace,
  )
  await compare(
    {
      ...compared,
      name: 'dispatch claim, planned each time',
      ours: contender('claim by id', statement(claim)),
      baseline: contender('update by primary key', statement(update)),
    },
    pace,
  )
}
