/**
 * A job that runs by the clock, and the record of each run.
 *
 * Guarantee: a run that did work leaves a row in core.job_runs with its slot, outcome, rows and error. A successful
 * run's row commits with its work; a failed run's row survives the rollback of its work. A run that lost (`busy`, `done`,
 * `paused`) is logged and leaves no row, because the slot has the row of another run. A person's run is on record as an act.
 * The caller must return counts. To fail, it throws (everything is rolled back) or returns outcome `failed` with an
 * `error` (its writes are kept). Either way the slot stays open. Driver: HTTP for `asStatement` (one round trip for
 * lock, slot, work and record), `inPortions` and `underLease`, WebSocket for `inSession` and `aroundCall`.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from './context.ts'
import { cut } from './cut.ts'
import type { Tx } from './db.ts'
import { AppError } from './errors.ts'
import { type NotRun, orNotRun, takeLock } from './guard.ts'
import { answer, assertSettled, beginKey, dropKey, orReplay } from './idempotency.ts'
import { holding, type Lease, moveExpiry, takeLeaseOf } from './lease.ts'
import { redact } from './log.ts'
import { named, type Statement } from './named.ts'
import { noteAction } from './note-action.ts'
import { takeSlot } from './once.ts'

type Outcome = 'ok' | 'skipped' | 'failed'

/** `skipped`: the run found no work. Further fields are stored as the run's detail. */
export type JobResult = { rows: number; outcome?: Outcome; error?: string } & Record<string, unknown>

export type JobRun = { ran: true; outcome: Outcome; rows: number; detail: Record<string, unknown> } | NotRun

export type Fired = { slot: Date | null; trigger: 'cron' | 'manual' }

export type Job = { name: string; cron: string; lock: number; run: RunJob }
type RunJob = (ctx: Ctx, job: Job, fired: Fired) => Promise<{ ran: true; value: JobResult } | NotRun>

/** Records an error of the work and then throws it again. */
export async function runJob(ctx: Ctx, job: Job, by: Fired): Promise<JobRun> {
  const [started, fired] = [ctx.now(), { ...by }]
  try {
    const result = await job.run(ctx, job, fired)
    const log = { job: job.name, ...(result.ran ? { ran: true, ...result.value } : result) }
    if (result.ran && result.value.outcome === 'failed') ctx.log.error('job', result.value.error, log)
    else ctx.log.info('job', log)
    ctx.metrics.count('job_runs_total', {
      job: job.name,
      outcome: result.ran ? (result.value.outcome ?? 'ok') : result.reason,
    })
    if (!result.ran) return result
    const { rows, outcome = 'ok', ...detail } = result.value
    return { ran: true, outcome, rows, detail }
  } catch (error) {
    if (isRefusedKey(error)) throw error
    ctx.log.error('job', error, { job: job.name })
    ctx.metrics.count('job_runs_total', { job: job.name, outcome: 'failed' })
    await recordFailure(ctx, job, { fired, started, error }).catch((lost: unknown) =>
      ctx.log.error('job record', lost, { job: job.name }),
    )
    throw error
  }
}

/** Work that is one statement ending in `answer(...)` over { rows }: one round trip for everything. */
export function asStatement(work: (ctx: Ctx) => Statement): RunJob {
  return (ctx, job, fired) => orDecided(ctx, async () => (await recorded(ctx, { job, fired, work })).outcome)
}

/**
 * Work on a backlog in portions, each one statement and one transaction, until an answer says `more: false`. The first
 * portion takes the slot and leaves the record of the run; the later ones complete that record. A run that ends early
 * loses nothing: the run of the next slot goes on.
 */
export function inPortions(work: (ctx: Ctx) => Statement, { runMs = 30_000 } = {}): RunJob {
  return (ctx, job, fired) =>
    orDecided(ctx, async () => {
      const { outcome, run } = await recorded(ctx, { job, fired, work })
      const end = ctx.now().getTime() + runMs
      let last: JobResult = outcome
      let { rows } = outcome
      while (last['more'] === true && ctx.now().getTime() < end) {
        const portion = await orNotRun(async () => {
          const results = await ctx.db.batch([takeLock(job.lock), work(ctx)])
          return onlyOutcome(results.at(-1))
        })
        // Another run of the job took over.
        if (!portion.ran) break
        last = portion.value
        rows += last.rows
        await ctx.db.query(named('core.count-portion')`
update core.job_runs
set rows = ${rows}, finished_at = clock_timestamp(), round_trips = ${ctx.metrics.trips + 1}
where id = ${run}::bigint`)
      }
      return { ...last, rows }
    })
}

type Recorded = { job: Job; fired: Fired; work: (ctx: Ctx) => Statement }

/** Lock, slot, record and work in one transaction and one round trip. */
async function recorded(ctx: Ctx, { job, fired, work }: Recorded) {
  const statements = [...beginKey(ctx), enter(job, fired), ...opening(ctx, job, fired), work(ctx)]
  const results = await ctx.db.batch([...statements, assertSettled()])
  const [{ run }] = results.at(-3) as [{ run: string }]
  committed.add(fired)
  return { outcome: onlyOutcome(results.at(-2)), run }
}

/** The row type is the promise of `answer` and of the work's own SQL; `assertSettled` checks that there is one. */
function onlyOutcome(rows: unknown[] | undefined): JobResult {
  const [{ outcome }] = rows as [{ outcome: JobResult }]
  return outcome
}

/** Work that decides between statements, for seconds. */
export function inSession(work: (ctx: Ctx, tx: Tx) => Promise<JobResult>): RunJob {
  return (ctx, job, fired) =>
    orDecided(ctx, () =>
      ctx.db.transaction(async (tx) => {
        for (const statement of [...beginKey(ctx), enter(job, fired), ...opening(ctx, job, fired)])
          await tx.query(statement)
        const result = await work(keyless(ctx), tx)
        await tx.query(closing(result, { trips: ctx.metrics.trips + 2 }))
        return result
      }),
    )
}

/**
 * Work that first calls an outside server, for at most `callMs`. The job takes its lock first and holds it meanwhile: a
 * holder that dies frees the lock at once, while a lease would have to expire. The open transaction is bearable for
 * three reasons. It has written nothing, so it has no transaction id, and neither vacuum nor readers of feeds wait for
 * it. It sends a statement every 4 s, because the server ends a transaction that idles for 10 s. It ends after 20 s.
 * Longer calls belong under a lease.
 */
export function aroundCall<Response>(
  call: (ctx: Ctx, callMs: number) => Promise<Response>,
  write: (ctx: Ctx, tx: Tx, response: Response) => Promise<JobResult>,
): RunJob {
  return (ctx, job, fired) =>
    orDecided(ctx, () =>
      ctx.db.transaction(async (tx) => {
        await tx.query(enter(job, fired))
        await tx.query(slotStillOpen(job, fired))
        const response = await keepingAlive(tx, () => call(keyless(ctx), callMs))
        for (const statement of [...beginKey(ctx), ...opening(ctx, job, fired)]) await tx.query(statement)
        const result = await write(keyless(ctx), tx, response)
        await tx.query(closing(result, { trips: ctx.metrics.trips + 2 }))
        return result
      }),
    )
}

const callMs = 20_000
const aliveMs = 4_000
const keepAlive = named('core.keep-alive')`select`

async function keepingAlive<T>(tx: Tx, work: () => Promise<T>): Promise<T> {
  // A heartbeat fails when the connection is lost; the next statement then reports it.
  const beat = setInterval(() => void tx.query(keepAlive).catch(() => undefined), aliveMs)
  try {
    return await work()
  } finally {
    clearInterval(beat)
  }
}

/** Those whose begin has committed. */
const committed = new WeakSet<Fired>()

/** Work over slow calls, without an open transaction. Its writes and its record carry `holding(lease)`. */
export function underLease(
  work: (ctx: Ctx, lease: Lease) => Promise<JobResult>,
  { ttlSeconds = 120 } = {},
): RunJob {
  return (ctx, job, fired) =>
    orDecided(ctx, async () => {
      const owner = crypto.randomUUID()
      const [, leased, , , begun] = await ctx.db.batch([
        enter(job, fired),
        takeLeaseOf({ name: job.name, owner, ttlSeconds }),
        slotStillOpen(job, fired),
        closeLostRuns(job),
        beginRun(ctx, job, fired),
        ...beginKey(ctx),
        ...dropKey(ctx),
      ])
      // bigint arrives as text from both drivers.
      const [{ fence } = { fence: '0' }] = (leased ?? []) as { fence: string }[]
      const [{ run } = { run: '0' }] = (begun ?? []) as { run: string }[]
      committed.add(fired)
      const lease = { name: job.name, fence: Number(fence), ttlSeconds }
      try {
        const result = await work(keyless(ctx), lease)
        const slot = fired.slot === null ? [] : [takeSlot(job.name, fired.slot)]
        const close = closing(result, { run, trips: ctx.metrics.trips + 1 })
        await ctx.db.batch([moveExpiry(lease, 0), holding(lease), ...beginKey(ctx), ...slot, close])
        return result
      } catch (error) {
        await ctx.db.batch([abandoning(run), moveExpiry(lease, 0)]).catch(() => undefined)
        throw error
      }
    })
}

/** The clock's runs stop while the operator has paused the job; a run that a person starts does not. */
function enter(job: Job, { trigger }: Fired): Statement {
  if (trigger === 'manual') return takeLock(job.lock)
  return named('core.enter-job')`
select core.take_lock(${job.lock}), core.assert_not_paused(${job.name})`
}

function opening(ctx: Ctx, job: Job, fired: Fired): Statement[] {
  return [...(fired.slot === null ? [] : [takeSlot(job.name, fired.slot)]), beginRun(ctx, job, fired)]
}

function beginRun(ctx: Ctx, job: Job, fired: Fired): Statement {
  return named('core.begin-run')`
with begun as materialized (
  select core.begin_run(${job.name}, ${fired.slot?.toISOString() ?? null}::timestamptz, ${fired.trigger}) as run
)${noted(ctx, job, fired)}
select run from begun`
}

/** A run that a person starts is on record as that person's act, once. */
function noted(ctx: Ctx, { name }: Job, fired: Fired): SQL {
  if (fired.trigger === 'cron' || committed.has(fired)) return sql``
  return sql`,
noted as (${noteAction(ctx, {
    action: 'job.run',
    from: 'begun',
    subject: sql`'job:' || ${name}::text`,
    detail: sql`jsonb_build_object('run', run)`,
  })}
)`
}

/** Records the result on the run that this transaction began, or on `run`. */
function closing(result: JobResult, { trips, run }: { trips: number; run?: string }): Statement {
  const noted = { 'lockstep.trips': String(trips), ...(run === undefined ? {} : { 'lockstep.run': run }) }
  const calls = Object.entries(noted).map(([name, value]) => sql`set_config(${name}, ${value}, true)`)
  return named('core.close-run')`
with noted as materialized (select ${sql.join(calls, sql`, `)})
select ${answer(sql`${JSON.stringify(result)}::jsonb`)}
from noted`
}

/** A lost race, or an earlier run under the same key, is an outcome and not an error. */
function orDecided(ctx: Ctx, work: () => Promise<JobResult>): ReturnType<RunJob> {
  return orNotRun(() => orReplay(ctx, work))
}

/** The idempotency key of a manual run covers the whole run, so the statements of its work carry none. */
function keyless(ctx: Ctx): Ctx {
  return { ...ctx, idempotency: null }
}

function slotStillOpen(job: Job, { slot }: Fired): Statement {
  return named('core.assert-slot-open')`
select core.assert_slot_open(${job.name}, ${slot?.toISOString() ?? null}::timestamptz)`
}

/** The new holder of the lease closes a run that the old holder never finished. */
function closeLostRuns(job: Job): Statement {
  return named('core.close-lost-runs')`
update core.job_runs
set outcome = 'failed', finished_at = clock_timestamp(), error = 'the holder of the lease was lost'
where job = ${job.name}
  and outcome = 'running'`
}

/** `runJob` records the failure itself, as one row for every kind of job. */
function abandoning(run: string): Statement {
  return named('core.abandon-run')`
delete from core.job_runs where id = ${run}::bigint and outcome in ('running', 'failed')`
}

/** With a refused key nothing ran, so `runJob` records nothing. */
function isRefusedKey(error: unknown): boolean {
  return (
    error instanceof AppError && (error.code === 'idempotency_key_reused' || error.code === 'in_progress')
  )
}

type Failure = { fired: Fired; started: Date; error: unknown }

/** A run whose reply was lost after its commit has not failed: its slot and its row exist. */
async function recordFailure(ctx: Ctx, job: Job, { fired, started, error }: Failure): Promise<void> {
  const { slot, trigger } = fired
  const message = cut(redact(error instanceof Error ? error.message : String(error)), 2_000)
  await ctx.db.query(named('core.record-failure')`
with begun as (
  insert into core.job_runs (job, slot, trigger, started_at, finished_at, outcome, error, round_trips)
  select
    ${job.name}, fired.slot, ${trigger}, ${started.toISOString()}::timestamptz,
    clock_timestamp(), 'failed', ${message}, ${ctx.metrics.trips}
  from (select ${slot?.toISOString() ?? null}::timestamptz as slot) fired
  where not exists (select from core.job_slots s where s.job = ${job.name} and s.slot = fired.slot)
  returning id as run
)${noted(ctx, job, fired)}
select run from begun`)
}
