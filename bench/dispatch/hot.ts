import { type Ctx, makeContext, type Principal } from '../../functions/core/context.ts'
import { effect } from '../../functions/core/idempotency.ts'
import { named, type Statement } from '../../functions/core/named.ts'
import { claimStatement } from '../../functions/dispatch/assignments/claim.ts'
import { returnExpired } from '../../functions/dispatch/assignments/return-expired.ts'
import { createStatement } from '../../functions/dispatch/orders/create.ts'
import { readOrder, readStatement } from '../../functions/dispatch/orders/read.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe } from '../method.ts'
import { givenOrders } from './given.ts'

const clients = 8
const orders = 20_000
const limit = async () => ({ success: true })

/** Compares hot statements, called as functions over Neon's HTTP interface, with the same texts sent as they are. */
export const hot: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const { owner } = database
  const bindings = {
    DATABASE_URL: database.workerUrl,
    NEON_PROXY: await rig.proxy(database),
    AUTH_SECRET: 'a secret that only the benchmarks of this repository use',
    RATE_READ: { limit },
    RATE_WRITE: { limit },
  }
  const as = (principal: Principal, keyed: boolean): Ctx => {
    const request = { id: crypto.randomUUID(), principal: 'p', route: 'r', bodyHash: 'b'.repeat(64) }
    const ctx = makeContext(bindings, { waitUntil: () => undefined })
    return Object.assign(ctx, { principal, idempotency: keyed ? request : null })
  }
  /** Without its mark the statement is sent as text. */
  const asText = (statement: Statement) => named(statement.verb)`${statement}`
  const asItIs = (statement: Statement) => statement

  type Way = (statement: Statement) => Statement
  type Operation = (way: Way, n: number, client: number) => Promise<unknown>
  const contender = (name: string, way: Way, operation: Operation, counted: string): Contender => ({
    name,
    prepare: () => givenOrders(owner, { orders, couriers: clients * 50 }),
    turn: () =>
      closedLoop({
        clients,
        seconds: pace.seconds,
        count: orders,
        operation: async (client, n) => ((await operation(way, n, client)) === null ? null : 1),
      }),
    async verify({ operations }) {
      const { rows } = await owner.query(`select (${counted})::int as done`)
      mustBe(rows[0].done, operations, `what ${name} left`)
    },
  })
  const compareWays = (name: string, operation: Operation, counted = '') =>
    compare(
      {
        name: `dispatch ${name} over HTTP`,
        unit: 'operations/s',
        database: owner,
        ours: contender('as a function', asItIs, operation, counted),
        baseline: contender('as its text', asText, operation, counted),
      },
      pace,
    )

  const claim: Operation = (way, n, client) => {
    const courierId = client * 50 + (Math.floor(n / 997) % 50) + 1
    const principal: Principal = { role: 'courier', sub: String(courierId), id: courierId }
    return effect(as(principal, true), way(claimStatement(principal, { orderId: n + 1, courierId })))
  }
  await compareWays(
    'claim with a key',
    claim,
    `select count(*) from dispatch.orders where status = 'assigned'`,
  )

  const store: Principal = { role: 'store', sub: '1', id: 1 }
  const parcel = {
    deliveryAddress: '2 Long Lane',
    recipientName: 'Ada',
    phone: '+44 20 7946 0000',
    boxesCount: 2,
  }
  const create: Operation = (way) =>
    effect(as(store, true), way(createStatement(store, [{ ...parcel, storeId: 1 }])))
  await compareWays('create with a key', create, `select count(*) - ${orders} from dispatch.orders`)

  let reads = 0
  const read: Operation = async (way, n) => {
    reads += 1
    const ctx = as(store, false)
    const orderId = 1 + (n % orders)
    if (way === asItIs) return readOrder(ctx, { orderId })
    return ctx.db.batch([returnExpired({ orderId }), asText(readStatement(store, { orderId }))])
  }
  const readOnce = (name: string, way: Way): Contender => ({
    ...contender(name, way, read, ''),
    prepare: async () => {
      await givenOrders(owner, { orders, couriers: 1 })
      reads = 0
    },
    verify: async ({ operations }) => mustBe(reads, operations, 'the reads'),
  })
  await compare(
    {
      name: 'dispatch read by id over HTTP',
      unit: 'reads/s',
      database: owner,
      ours: readOnce('as a function', asItIs),
      baseline: readOnce('as its text after a sweep', asText),
      others: [
        {
          ...readOnce('select 1', asItIs),
          turn: () =>
            closedLoop({
              clients,
              seconds: pace.seconds,
              operation: async () => {
                reads += 1
                await as(store, false).db.query(named('bench.one')`select 1`)
                return 1
              },
            }),
        },
      ],
    },
    pace,
  )
}
