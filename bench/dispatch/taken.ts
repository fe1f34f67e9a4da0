import { Logger, makeWorkerUtils, run } from 'graphile-worker'
import pg from 'pg'
import { PgBoss } from 'pg-boss'
import { acceptOrder } from '../../functions/dispatch/assignments/accept.ts'
import { claimNextOrder } from '../../functions/dispatch/assignments/claim-next.ts'
import { makeSearchStart } from '../../functions/dispatch/assignments/search-start.ts'
import { contextOver } from '../context-over.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe, type Turn } from '../method.ts'
import type { BenchDatabase } from '../rig.ts'
import { givenOrders } from './given.ts'

const clients = 8
const depth = 1_000
const couriers = 100

/**
 * An order that a courier takes for good, beside queues whose handler does to the order what ours does: it changes the
 * order's row, takes the courier's room and records the event, in one transaction. All are in one database.
 */
export const taken: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const handlers = new pg.Pool({ connectionString: database.workerUrl, max: clients })
  const connections = await database.connect(clients)
  const jobs = await graphile(database, handlers)
  const boss = await pgBoss(database, handlers)
  const twoSteps = ours(database, connections, { name: 'claim the next order, accept it', accept: false })
  const atOnce = ours(database, connections, { name: 'claim the next order with accept', accept: true })
  const shared = { unit: 'orders/s', database: database.owner }
  try {
    await compare(
      {
        ...shared,
        name: 'dispatch claim and accept beside graphile-worker that changes the order',
        ours: twoSteps,
        baseline: jobs.contender,
        others: [atOnce],
      },
      pace,
    )
    await compare(
      {
        ...shared,
        name: 'dispatch claim and accept beside pg-boss that changes the order',
        ours: twoSteps,
        baseline: boss.contender,
        others: [atOnce],
      },
      pace,
    )
  } finally {
    await Promise.allSettled([jobs.end(), boss.end(), handlers.end()])
  }
}

type Way = { name: string; accept: boolean }

function ours(database: BenchDatabase, connections: pg.Client[], { name, accept }: Way): Contender {
  let start = makeSearchStart()
  return {
    name,
    prepare: async () => {
      start = makeSearchStart()
      await givenOrders(database.owner, { orders: depth, couriers })
    },
    turn: () =>
      closedLoop({
        clients,
        seconds: 60,
        async operation(client, n) {
          const connection = connections[client]
          if (connection === undefined) return null
          const courierId = (n % couriers) + 1
          const courier = { role: 'courier', sub: String(courierId), id: courierId } as const
          const ctx = contextOver(connection, courier, { hotCalls: true })
          const next = await claimNextOrder(ctx, { courierId, accept, start })
          if (!next.ok || next.order === null) return null
          const { id: orderId, fence } = next.order
          if (!accept) mustBe((await acceptOrder(ctx, { orderId, courierId, fence })).ok, true, 'the accept')
          return 1
        },
      }),
    verify: (turn) => allTaken(database, turn, name),
  }
}

async function allTaken({ owner }: BenchDatabase, { operations }: Turn, name: string): Promise<void> {
  const { rows } = await owner.query(`
    select (select count(*)::int from dispatch.orders where status = 'accepted') as orders,
      (select count(distinct order_id)::int from dispatch.order_events where to_status = 'accepted') as events,
      (select sum(held_boxes)::int from dispatch.couriers) as boxes`)
  mustBe(operations, depth, `how many orders ${name} took`)
  mustBe(rows[0], { orders: depth, events: depth, boxes: depth }, `what ${name} left`)
}

/** The order is taken for good, the courier has its boxes, and the history says so. */
async function takeOrder(handlers: pg.Pool, orderId: number): Promise<void> {
  const courierId = (orderId % couriers) + 1
  const client = await handlers.connect()
  const write = async (name: string, text: string, values: unknown[]) =>
    mustBe((await client.query({ name, text, values })).rowCount, 1, `the rows of ${name}`)
  try {
    await client.query('begin')
    await write(
      'carrier',
      `update dispatch.couriers set held_boxes = held_boxes + 1
      where id = $1 and available and held_boxes + 1 <= capacity_boxes`,
      [courierId],
    )
    await write(
      'order',
      `update dispatch.orders
      set status = 'accepted', courier_id = $2, assigned_at = now(), accepted_at = now(), fence = fence + 1,
        version = version + 1
      where id = $1 and status = 'new' returning *`,
      [orderId, courierId],
    )
    await write(
      'event',
      `insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence)
      values ($1, 'claimed', 'new', 'accepted', 'courier', $3, $2, 1)`,
      [orderId, courierId, String(courierId)],
    )
    await client.query('commit')
  } finally {
    client.release()
  }
}

async function graphile(database: BenchDatabase, handlers: pg.Pool) {
  const pool = new pg.Pool({ connectionString: database.ownerUrl, max: 12 })
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const logger = new Logger(() => () => undefined)
  const utils = await makeWorkerUtils({ pgPool: pool, logger })
  await utils.migrate()
  const name = 'graphile-worker, job and order'
  const contender: Contender = {
    name,
    async prepare() {
      await givenOrders(database.owner, { orders: depth, couriers })
      await database.owner.query(
        `select graphile_worker.add_jobs(array(
          select json_populate_record(null::graphile_worker.job_spec, json_build_object('identifier', 'take', 'payload', json_build_object('id', n)))
          from generate_series(1, $1::int) n
        ))`,
        [depth],
      )
      await database.owner.query('vacuum analyze graphile_worker._private_jobs')
    },
    async turn() {
      let [begun, operations] = [0, 0]
      const done = Promise.withResolvers<void>()
      const runner = await run({
        pgPool: pool,
        preset: { worker: { concurrentJobs: clients } },
        logger,
        noHandleSignals: true,
        taskList: {
          async take(payload) {
            if (begun === 0) begun = performance.now()
            await takeOrder(handlers, (payload as { id: number }).id)
          },
        },
      })
      runner.events.on('job:complete', () => {
        operations += 1
        if (operations === depth) done.resolve()
      })
      await done.promise
      const seconds = (performance.now() - begun) / 1000
      await runner.stop()
      return { operations, seconds, latenciesMs: [] }
    },
    verify: (turn) => allTaken(database, turn, name),
  }
  return { contender, end: () => pool.end() }
}

async function pgBoss(database: BenchDatabase, handlers: pg.Pool) {
  const boss = new PgBoss({
    connectionString: database.ownerUrl,
    max: clients + 2,
    supervise: false,
    schedule: false,
  })
  boss.on('error', () => undefined)
  await boss.start()
  await boss.createQueue('orders')
  const name = 'pg-boss, job and order'
  const contender: Contender = {
    name,
    async prepare() {
      await givenOrders(database.owner, { orders: depth, couriers })
      await database.owner.query('truncate pgboss.job')
      await boss.insert(
        'orders',
        Array.from({ length: depth }, (_, n) => ({ data: { id: n + 1 } })),
      )
      await database.owner.query('vacuum analyze')
    },
    turn: () =>
      closedLoop({
        clients,
        seconds: 60,
        async operation() {
          const [job] = await boss.fetch<{ id: number }>('orders')
          if (job === undefined) return null
          await takeOrder(handlers, job.data.id)
          await boss.complete('orders', job.id)
          return 1
        },
      }),
    verify: (turn) => allTaken(database, turn, name),
  }
  return { contender, end: () => boss.stop({ graceful: false }) }
}
