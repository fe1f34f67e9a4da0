import { Logger, makeWorkerUtils, run, type WorkerUtils } from 'graphile-worker'
import pg from 'pg'
import { PgBoss } from 'pg-boss'
import type { Ctx } from '../../functions/core/context.ts'
import { acceptOrder } from '../../functions/dispatch/assignments/accept.ts'
import { assignOrders } from '../../functions/dispatch/assignments/assign-many.ts'
import { claimNextOrder } from '../../functions/dispatch/assignments/claim-next.ts'
import { deliverOrder } from '../../functions/dispatch/orders/deliver.ts'
import { pickUpOrder } from '../../functions/dispatch/orders/pickup.ts'
import { type Step, transitionOrders } from '../../functions/dispatch/orders/transition-many.ts'
import { principalOf } from '../../functions/http/auth.ts'
import { contextOver } from '../context-over.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe, type Turn } from '../method.ts'
import type { BenchDatabase, Rig } from '../rig.ts'
import { givenOrders } from './given.ts'

/*
 * Compares an order taken from the queue with a job taken and completed. A completed job cannot return to its queue; for
 * an order the accept does that, because it ends the lease. The later transitions are measured separately.
 */
const clients = 8
const depth = 1_000
export const bulkDepth = 10_000
export const bulkClients = 2
export const batch = 500
export const couriers = 100

const finals = { accept: 'accepted', pickup: 'picked_up', deliver: 'delivered' } as const
const throughAccept: Step[] = ['accept']
const throughDelivery: Step[] = ['accept', 'pickup', 'deliver']

/** One order per request, at the depth of an ordinary day. */
export const queues: Measurement = async (rig, pace) => {
  const orders = await orderQueue(await rig.database())
  const jobs = await graphileQueue(rig)
  const boss = await bossQueue(rig)
  const shared = {
    unit: 'orders/s',
    database: orders.owner,
    ours: orders.oneByOne('claim the next order, accept it', throughAccept),
    others: [orders.oneByOne('… pick it up and deliver it, too', throughDelivery)],
  }
  const plain = jobs.contender('graphile-worker, job by job', {
    count: depth,
    worker: { concurrentJobs: clients },
  })
  try {
    await compare(
      { ...shared, name: `dispatch claim and accept beside graphile-worker`, baseline: plain },
      pace,
    )
    await compare(
      { ...shared, name: `dispatch claim and accept beside pg-boss`, baseline: boss.contender },
      pace,
    )
  } finally {
    await Promise.allSettled([jobs.end(), boss.end()])
  }
}

/** Many orders per request, against the fastest configuration of graphile-worker. */
export const bulk: Measurement = async (rig, pace) => {
  const orders = await orderQueue(await rig.database())
  const jobs = await graphileQueue(rig)
  const batched = {
    concurrentJobs: 24,
    localQueue: { size: batch },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  }
  try {
    await compare(
      {
        name: `dispatch in bulk beside graphile-worker's batched mode`,
        unit: 'orders/s',
        database: orders.owner,
        ours: orders.inBulk(`${batch} to ${couriers / bulkClients} couriers, and accepted`, throughAccept),
        others: [orders.inBulk('… picked up and delivered, too', throughDelivery)],
        baseline: jobs.contender('graphile-worker, localQueue 500, batched', {
          count: bulkDepth,
          worker: batched,
        }),
      },
      pace,
    )
  } finally {
    await jobs.end()
  }
}

/** The ways to take orders from the queue, over connections to this database. */
export async function orderQueue({ owner, connect }: BenchDatabase) {
  const connections = await connect(clients)
  const as = (role: 'courier' | 'admin', client: number, id = 1): Ctx => {
    const connection = connections[client]
    if (connection === undefined) throw new Error('There are not so many connections')
    // A kept plan does not know how many orders a request has, and would join five hundred in nested loops. The Worker's
    // requests are planned with their values.
    return contextOver(connection, principalOf({ role, sub: String(id) }), {
      plannedOnce: role === 'courier',
    })
  }

  async function verify({ operations }: Turn, last: Step, name: string): Promise<void> {
    const { rows } = await owner.query(
      `select count(*)::int as orders, count(distinct order_id)::int as distinct
      from dispatch.order_events
      where to_status = $1`,
      [finals[last]],
    )
    mustBe(rows[0], { orders: operations, distinct: operations }, `what ${name} left`)
  }

  return {
    owner,
    oneByOne(name: string, steps: Step[]): Contender {
      return {
        name,
        prepare: () => givenOrders(owner, { orders: depth, couriers }),
        turn: () =>
          closedLoop({
            clients,
            seconds: 60,
            operation: async (client, n) => {
              const courierId = (n % couriers) + 1
              const ctx = as('courier', client, courierId)
              const next = await claimNextOrder(ctx, { courierId })
              if (!next.ok || next.order === null) return null
              const held = { orderId: next.order.id, courierId, fence: next.order.fence }
              for (const step of steps) await one[step](ctx, held)
              return 1
            },
          }),
        verify: (turn) => verify(turn, steps.at(-1) ?? 'accept', name),
      }
    },
    inBulk(name: string, steps: Step[]): Contender {
      return {
        name,
        prepare: () => givenOrders(owner, { orders: bulkDepth, couriers }),
        turn: () =>
          closedLoop({
            clients: bulkClients,
            seconds: 60,
            operation: async (client) => {
              const ctx = as('admin', client)
              const assigned = await assignOrders(ctx, {
                orderIds: null,
                limit: batch,
                courierIds: team(client),
              })
              const held = assigned.flatMap((order) =>
                order.ok ? [{ orderId: order.orderId, fence: order.lease.fence }] : [],
              )
              if (held.length === 0) return null
              for (const step of steps) await moveAll(ctx, step, held)
              return held.length
            },
          }),
        verify: (turn) => verify(turn, steps.at(-1) ?? 'accept', name),
      }
    },
  }
}

/** Rows that the other dispatcher has locked are busy; the bench retries them, as a client would. */
async function moveAll(ctx: Ctx, step: Step, orders: { orderId: number; fence: number }[]): Promise<void> {
  let left = orders
  while (left.length > 0) {
    const moved = await transitionOrders(ctx, { step, orders: left })
    const refused = moved.filter((order) => !order.ok && order.reason !== 'order_busy')
    mustBe(refused.slice(0, 3), [], `what was refused to ${step}`)
    left = left.filter((_, at) => moved[at]?.ok !== true)
  }
}

const one = { accept: acceptOrder, pickup: pickUpOrder, deliver: deliverOrder } as const

/** Each dispatcher has its own couriers, as in its own part of a town. */
function team(client: number): number[] {
  const size = couriers / bulkClients
  return Array.from({ length: size }, (_, n) => client * size + n + 1)
}

type Graphile = {
  count: number
  worker: {
    concurrentJobs: number
    localQueue?: { size: number }
    completeJobBatchDelay?: number
    failJobBatchDelay?: number
  }
}

/** Its own schema in a database of its own, over connections that are open already. */
async function graphileQueue(rig: Rig) {
  const { ownerUrl, owner } = await rig.database()
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 30 })
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const logger = new Logger(() => () => undefined)
  const utils: WorkerUtils = await makeWorkerUtils({ pgPool: pool, logger })
  await utils.migrate()

  const contender = (name: string, { count, worker }: Graphile): Contender => ({
    name,
    async prepare() {
      await owner.query(
        `select graphile_worker.add_jobs(array(
          select json_populate_record(null::graphile_worker.job_spec, json_build_object('identifier', 'noop', 'payload', json_build_object('id', n)))
          from generate_series(1, $1::int) n
        ))`,
        [count],
      )
      await owner.query('vacuum analyze graphile_worker._private_jobs')
      await owner.query('checkpoint')
    },
    async turn() {
      let [begun, operations] = [0, 0]
      const done = Promise.withResolvers<void>()
      const runner = await run({
        pgPool: pool,
        preset: { worker },
        logger,
        noHandleSignals: true,
        taskList: {
          noop: () => {
            if (begun === 0) begun = performance.now()
          },
        },
      })
      runner.events.on('job:complete', () => {
        operations += 1
        if (operations === count) done.resolve()
      })
      await done.promise
      // Batched completion is reported before it is written, so Postgres counts the completed jobs.
      while ((await left()) > 0);
      const seconds = (performance.now() - begun) / 1000
      await runner.stop()
      return { operations, seconds, latenciesMs: [] }
    },
    verify: async () => mustBe(await left(), 0, `what ${name} left`),
  })

  async function left(): Promise<number> {
    const { rows } = await owner.query('select count(*)::int as jobs from graphile_worker._private_jobs')
    return rows[0].jobs
  }
  return { contender, end: () => pool.end() }
}

async function bossQueue(rig: Rig) {
  const { ownerUrl, owner }: BenchDatabase = await rig.database()
  const boss = new PgBoss({ connectionString: ownerUrl, max: clients + 2, supervise: false, schedule: false })
  boss.on('error', () => undefined)
  await boss.start()
  await boss.createQueue('orders')
  const name = 'pg-boss, fetch and complete'
  const contender: Contender = {
    name,
    async prepare() {
      await boss.insert(
        'orders',
        Array.from({ length: depth }, (_, id) => ({ data: { id } })),
      )
      await owner.query('vacuum analyze')
      await owner.query('checkpoint')
    },
    turn: () =>
      closedLoop({
        clients,
        seconds: 60,
        operation: async () => {
          const [job] = await boss.fetch('orders')
          if (job === undefined) return null
          await boss.complete('orders', job.id)
          return 1
        },
      }),
    async verify({ operations }) {
      const { rows } = await owner.query(`
        select count(*) filter (where state = 'completed')::int as completed, count(*) filter (where state <> 'completed')::int as left
        from pgboss.job`)
      mustBe(rows[0], { completed: operations, left: 0 }, `what ${name} left`)
      await owner.query('truncate pgboss.job')
    },
  }
  return { contender, end: () => boss.stop({ graceful: false }) }
}
