import type { Principal } from '../../functions/core/context.ts'
import { effect } from '../../functions/core/idempotency.ts'
import { named, type Statement } from '../../functions/core/named.ts'
import { claimStatement } from '../../functions/dispatch/assignments/claim.ts'
import { returnExpired } from '../../functions/dispatch/assignments/return-expired.ts'
import { createStatement } from '../../functions/dispatch/orders/create.ts'
import { readOrder, readStatement } from '../../functions/dispatch/orders/read.ts'
import { contextOverHttp } from '../context-over.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe } from '../method.ts'
import { givenOrders } from './given.ts'

const clients = 8
const orders = 20_000

/** Compares hot statements, called as functions over Neon's HTTP interface, with the same texts sent as they are. */
export const hot: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const { owner } = database
  const place = { databaseUrl: database.workerUrl, proxy: await rig.proxy(database) }
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
    return effect(
      contextOverHttp(place, principal, true),
      way(claimStatement(principal, { orderId: n + 1, courierId })),
    )
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
    effect(contextOverHttp(place, store, true), way(createStatement(store, [{ ...parcel, storeId: 1 }])))
  await compareWays('create with a key', create, `select count(*) - ${orders} from dispatch.orders`)

  let reads = 0
  const read: Operation = async (way, n) => {
    reads += 1
    const ctx = contextOverHttp(place, store)
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
                await contextOverHttp(place, store).db.query(named('bench.one')`select 1`)
                return 1
              },
            }),
        },
      ],
    },
    pace,
  )
}
