import { desc, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import type pg from 'pg'
import { listOrders, listStatement } from '../../functions/dispatch/orders/list.ts'
import { orders } from '../../schema/dispatch/tables.ts'
import { contextOver } from '../context-over.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe, type Turn } from '../method.ts'
import { statement } from '../prepared.ts'
import { givenOrders } from './given.ts'

const clients = 4
const admin = { role: 'admin', sub: '1', tenantId: null } as const
const asked = {
  statuses: ['new'],
  storeId: null,
  courierId: null,
  since: null,
  before: null,
  limit: 50,
} as const

/** Lists fifty of a million orders: by the verb, by its bare statement, and by plain ORM code. */
export const list: Measurement = async (rig, pace) => {
  const large = await rig.database()
  const small = await rig.database()
  await givenOrders(large.owner, { orders: 1_000_000, couriers: 1 })
  await givenOrders(small.owner, { orders: 100_000, couriers: 1 })
  const connections = await large.connect(clients)
  const fewer = await small.connect(clients)

  const seen = new Set<string>()
  const contender = (
    name: string,
    over: pg.Client[],
    read: (connection: pg.Client) => Promise<unknown[]>,
  ): Contender => ({
    name,
    prepare: async () => seen.clear(),
    turn: (): Promise<Turn> =>
      closedLoop({
        clients,
        seconds: pace.seconds,
        operation: async (client) => {
          const connection = over[client]
          if (connection === undefined) return null
          const rows = await read(connection)
          seen.add(`${rows.length}`)
          return 1
        },
      }),
    verify: async () => mustBe([...seen], ['50'], `how many orders ${name} gives`),
  })

  const planned = statement(() => listStatement(admin, asked), 'list')
  const verb = (name: string, over: pg.Client[]) =>
    contender(name, over, (connection) =>
      listOrders(contextOver(connection, admin, { hotCalls: true }), asked),
    )
  const ours = verb('list of 50 at 1M', connections)
  const bare = contender('the same statement, planned once', connections, planned)
  const orm = contender('select of the ORM, mapped to the wire', connections, async (connection) => {
    const rows = await drizzle(connection)
      .select()
      .from(orders)
      .where(eq(orders.status, 'new'))
      .orderBy(desc(orders.createdAt), desc(orders.id))
      .limit(50)
    return rows.map(toWire)
  })
  const compared = { unit: 'lists/s', database: large.owner, ours }
  await compare(
    { ...compared, name: 'dispatch list of 50 at 1M beside its bare statement', baseline: bare },
    pace,
  )
  await compare(
    { ...compared, name: 'dispatch list of 50 at 1M beside the plain ORM way', baseline: orm },
    pace,
  )
  await compare(
    {
      ...compared,
      name: 'dispatch list of 50 at 1M beside 100k',
      baseline: { ...verb('list of 50 at 100k', fewer), database: small.owner },
    },
    pace,
  )
}

/** The answer of a route written with the ORM. */
function toWire(order: typeof orders.$inferSelect): object {
  const { readyAt, dueAt, leaseExpiresAt, createdAt } = order
  return JSON.parse(
    JSON.stringify({
      id: order.id,
      storeId: order.storeId,
      status: order.status,
      courierId: order.courierId,
      pickupAddress: order.pickupAddress,
      deliveryAddress: order.deliveryAddress,
      boxesCount: order.boxesCount,
      priceMinor: order.priceMinor,
      currency: order.currency,
      readyAt: readyAt?.toISOString() ?? null,
      dueAt: dueAt?.toISOString() ?? null,
      lease: leaseExpiresAt && { expiresAt: leaseExpiresAt.toISOString(), fence: order.fence },
      fence: order.fence,
      version: order.version,
      createdAt: createdAt.toISOString(),
    }),
  ) as object
}
