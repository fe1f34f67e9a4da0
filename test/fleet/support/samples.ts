import { onTestFinished } from 'vitest'
import { fleetJobs } from '../../../cron/fleet.ts'
import { consume, type Fate } from '../../../functions/core/consume.ts'
import type { Ctx, Principal } from '../../../functions/core/context.ts'
import type { Message } from '../../../functions/core/ingest-message.ts'
import { type JobRun, runJob, underLease } from '../../../functions/core/job.ts'
import { everyTenant } from '../../../functions/fleet/greenhouses/scope.ts'
import { telemetryQueue } from '../../../functions/fleet/queue.ts'
import { acceptTelemetry } from '../../../functions/fleet/telemetry/accept.ts'
import type { Received } from '../../../functions/fleet/telemetry/contract.ts'
import { foldTelemetry } from '../../../functions/fleet/telemetry/fold.ts'
import { recalculate } from '../../../functions/fleet/telemetry/recalculate.ts'
import { locks } from '../../../functions/registry/locks.ts'
import type { Environment } from '../../core/environment.ts'

export type SentSample = {
  nodeUid?: unknown
  metric?: unknown
  channel?: unknown
  ts?: unknown
  value?: unknown
  unit?: unknown
  quality?: unknown
}
type Batch = { samples: SentSample[]; bootId?: string; seq?: number }

/** The messages that the queue took and nobody consumed yet. */
export type Held = {
  messages: Message[]
  mode: 'accept' | 'refuse'
  /** The number of messages that wait, as the queue reports it. */
  backlog: number
}

export type Sender = {
  ctx: Ctx
  held: Held
  waited: Promise<unknown>[]
  /** Sends a batch as the route does. */
  send(batch: Batch): Promise<Received>
  /** Lets the consumer store all that waits, in one batch. */
  deliver(): Promise<Fate[]>
  /** Both. */
  store(samples: SentSample[], boot?: Omit<Batch, 'samples'>): Promise<Received>
}

/** An isolate of its own with a queue that a test delivers. */
export function senderOf(
  environment: Environment,
  principal: Principal = { role: 'tenant', sub: 't', tenantId: 1 },
  { now, backlog = 10_000 }: { now?: () => Date; backlog?: number } = {},
): Sender {
  const held: Held = { messages: [], mode: 'accept', backlog: 0 }
  const waited: Promise<unknown>[] = []
  const ctx = environment.ctx({
    principal,
    bindings: {
      TELEMETRY_BACKLOG: backlog,
      QUEUE_TELEMETRY: {
        async sendBatch(batch: { body: Message }[]) {
          if (held.mode === 'refuse') throw new Error('The queue refuses')
          held.messages.push(...batch.map(({ body }) => JSON.parse(JSON.stringify(body))))
        },
        metrics: async () => ({ backlogCount: held.backlog, backlogBytes: 0 }),
      },
    },
  })
  ctx.waitUntil = (work) => void waited.push(work)
  if (now !== undefined) ctx.now = now
  const sender: Sender = {
    ctx,
    held,
    waited,
    send: (batch) => acceptTelemetry(ctx, batch),
    deliver: () => storeMessages(environment, held.messages.splice(0)),
    async store(samples, boot = {}) {
      const received = await sender.send({ samples, ...boot })
      await sender.deliver()
      return received
    },
  }
  onTestFinished(() => Promise.allSettled(waited).then(() => undefined))
  return sender
}

let deliveries = 0

export function storeMessages(environment: Environment, bodies: readonly unknown[]): Promise<Fate[]> {
  const delivered = bodies.map((body) => {
    deliveries += 1
    return { id: `delivery-${deliveries}`, body, attempts: 1 }
  })
  return consume(environment.ctx(), telemetryQueue, delivered)
}

let nodes = 0

/** A node with its greenhouse, its zone and its binding since long ago. */
export async function givenNode(
  { database: { admin } }: Pick<Environment, 'database'>,
  { tenantId = 1, type = 'ph', timezone = 'UTC', bound = true } = {},
): Promise<{ id: number; uid: string; zoneId: number; greenhouseId: number }> {
  nodes += 1
  const uid = `nd-${type}-${String(nodes).padStart(8, '0')}`
  const { rows } = await admin.query(
    `with g as (
       insert into fleet.greenhouses (tenant_id, name, timezone) values ($1, 'North', $4) returning id
     ), z as (
       insert into fleet.zones (tenant_id, greenhouse_id, name) select $1, id, 'Z' from g returning id
     ), n as (
       insert into fleet.nodes (tenant_id, greenhouse_id, hardware_id, uid, type) select $1, id, $2, $2, $3 from g returning id
     ), b as (
       insert into fleet.zone_bindings (tenant_id, zone_id, node_id, from_at)
       select $1, z.id, n.id, now() - interval '60 days' from z, n where $5
     )
     select n.id::int, z.id::int as "zoneId", g.id::int as "greenhouseId" from n, z, g`,
    [tenantId, uid, type, timezone, bound],
  )
  return { uid, ...rows[0] }
}

export type Counted = Record<
  'received' | 'accepted' | 'late' | 'duplicate' | 'conflicting' | 'rejected' | 'thinned' | 'refused',
  number
>

/** The sums of all minutes of a tenant. */
export async function countedOf({ database: { admin } }: Environment, tenantId = 1): Promise<Counted> {
  const { rows } = await admin.query(
    `select coalesce(sum(received), 0)::int as received, coalesce(sum(accepted), 0)::int as accepted,
       coalesce(sum(late), 0)::int as late, coalesce(sum(duplicate), 0)::int as duplicate,
       coalesce(sum(conflicting), 0)::int as conflicting, coalesce(sum(rejected), 0)::int as rejected,
       coalesce(sum(thinned), 0)::int as thinned, coalesce(sum(refused), 0)::int as refused
     from fleet.telemetry_minutes where tenant_id = $1`,
    [tenantId],
  )
  return rows[0]
}

export const emptyTelemetry = `
  truncate fleet.telemetry_samples, fleet.telemetry_last, fleet.telemetry_1m, fleet.telemetry_1h, fleet.telemetry_1d,
    fleet.telemetry_rejects, fleet.telemetry_minutes, fleet.node_boots, fleet.calibrations, fleet.alerts,
    core.ingest_messages, core.ingest_sources, core.ingest_minutes, core.dead_messages`

/** Runs the jobs that calculate and fold samples once. */
export async function fold(environment: Environment): Promise<void> {
  await runFleetJob(environment, 'fleet-recalculate')
  await runFleetJob(environment, 'fleet-fold')
}

export async function runFleetJob(
  environment: Environment,
  wanted: string,
  ctx: Ctx = environment.ctx(),
): Promise<void> {
  const job = fleetJobs.find(({ name }) => name === wanted)
  if (job === undefined) throw new Error('The job is missing')
  await runJob(ctx, job, { slot: null, trigger: 'manual' })
}

/** A run of the job `fleet-recalculate` with other limits. Without time it calculates one part. */
export function recalculateWithin(
  environment: Environment,
  { mostSamples = 20_000, mostMinutes = 5_000, runMs = 0 },
): Promise<JobRun> {
  const job = {
    name: 'fleet-recalculate',
    cron: '* * * * *',
    lock: locks.fleetRecalculate,
    run: underLease((ctx, lease) =>
      recalculate({ ...ctx, db: ctx.db.with(everyTenant) }, lease, { mostSamples, mostMinutes, runMs }),
    ),
  }
  return runJob(environment.ctx(), job, { slot: null, trigger: 'manual' })
}

/** A run of the job `fleet-fold` that folds so many minutes at once. */
export function foldWithin(
  environment: Environment,
  limits: { mostMinutes: number; runMs: number },
): Promise<JobRun> {
  const job = {
    name: 'fleet-fold',
    cron: '* * * * *',
    lock: locks.fleetFold,
    run: underLease((ctx, lease) => foldTelemetry({ ...ctx, db: ctx.db.with(everyTenant) }, lease, limits)),
  }
  return runJob(environment.ctx(), job, { slot: null, trigger: 'manual' })
}

/** All aggregates, computed from the samples alone. Sums are rounded, because their order of addition differs. */
export async function recounted({ database: { admin } }: Environment, table: '1m' | '1h' | '1d') {
  const interval = {
    '1m': `date_trunc('minute', s.ts, 'UTC')`,
    '1h': `date_trunc('hour', s.ts, 'UTC')`,
    '1d': `(s.ts at time zone g.timezone)::date::text`,
  }[table]
  const { rows } = await admin.query(
    `select s.node_id, s.metric_id, s.channel, ${interval} as at, count(*)::int as n, round(sum(s.value)::numeric, 6) as sum,
       min(s.value) as min, max(s.value) as max, (array_agg(s.value order by s.ts desc))[1] as last
     from fleet.telemetry_samples s join fleet.nodes n on n.id = s.node_id join fleet.greenhouses g on g.id = n.greenhouse_id
     group by 1, 2, 3, 4 order by 1, 2, 3, 4`,
  )
  return rows
}

export async function aggregated({ database: { admin } }: Environment, table: '1m' | '1h' | '1d') {
  const key = { '1m': 'minute', '1h': 'hour', '1d': 'day::text' }[table]
  const { rows } = await admin.query(
    `select node_id, metric_id, channel, ${key} as at, n::int, round(sum::numeric, 6) as sum, min, max, last
     from fleet.telemetry_${table} order by 1, 2, 3, 4`,
  )
  return rows
}
