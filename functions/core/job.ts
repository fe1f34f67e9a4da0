/**
 * What runs by the clock, and the record it leaves.
 *
 * Guarantee: a run that did work leaves a row in core.job_runs with its slot, outcome, rows and error; a successful
 * run's row commits with its work; a failed run's row survives the rollback of its work. A run that lost (`busy`, `done`)
 * is logged and leaves no row: another run's row stands for the slot.
 * What the caller must do: return counts; to fail, throw (everything is rolled back), or return outcome `failed` with an
 * `error` (what was written is kept). Either way the slot stays open. Driver: HTTP for `asStatement` (one round trip for
 * lock, slot, work and record) and `underLease`, WebSocket for `inSession` and `aroundCall`.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from './context.ts'
import type { Tx } from './db.ts'
import { type NotRun, orNotRun, takeLock } from './guard.ts'
import { answer } from './idempotency.ts'
import { holding, type Lease, moveExpiry, takeLeaseOf } from './lease.ts'
import { redact } from './log.ts'
import { takeSlot } from './once.ts'

type Outcome = 'ok' | 'skipped' | 'failed'

/** `skipped`: the run found that there was nothing to do. Further fields are kept as the run's detail. */
export type JobResult = { rows: number; outcome?: Outcome; error?: string } & Record<string, unknown>

export type JobRun = { ran: true; outcome: Outcome; rows: number; detail: Record<string, unknown> } | NotRun

export type Fired = { slot: Date | null; trigger: 'cron' | 'manual' }

export type Job = { name: string; cron: string; lock: number; run: RunJob }
type RunJob = (ctx: Ctx, job: Job, fired: Fired) => Promise<{ ran: true; value: JobResult } | NotRun>

/** Throws what the work threw, after recording it. */
export async function runJob(ctx: Ctx, job: Job, fired: Fired): Promise<JobRun> {
  const started = ctx.now()
  try {
    const result = await job.run(ctx, job, fired)
    const log = { job: job.name, ...(result.ran ? { ran: true, ...result.value } : result) }
    if (result.ran && result.value.outcome === 'failed') ctx.log.error('job', result.value.error, log)
    else ctx.log.info('job', log)
    if (!result.ran) return result
    const { rows, outcome = 'ok', ...detail } = result.value
    return { ran: true, outcome, rows, detail }
  } catch (error) {
    ctx.log.error('job', error, { job: job.name })
    await recordFailure(ctx, job, { ...fired, started, error }).catch((lost: unknown) =>
      ctx.log.error('job record', lost, { job: job.name }),
    )
    throw error
  }
}

/** Work that is one statement ending in `answer(...)` over { rows }: one round trip for everything. */
export function asStatement(work: (ctx: Ctx) => SQL): RunJob {
  return (ctx, job, fired) =>
    orNotRun(async () => {
      const results = await ctx.db.batch([takeLock(job.lock), ...opening(job, fired), work(ctx)])
      // The row type is the promise of `answer` and of the work's own SQL.
      const [settled] = (results.at(-1) ?? []) as { outcome: JobResult }[]
      return settled?.outcome ?? { rows: 0 }
    })
}

/** Work that must think between statements, for seconds. */
export function inSession(work: (ctx: Ctx, tx: Tx) => Promise<JobResult>): RunJob {
  return (ctx, job, fired) =>
    orNotRun(() =>
      ctx.db.transaction(async (tx) => {
        await tx.query(takeLock(job.lock))
        for (const statement of opening(job, fired)) await tx.query(statement)
        const result = await work(ctx, tx)
        await tx.query(closing(result))
        return result
      }),
    )
}

/**
 * Work that first asks somebody else's server, for at most `askingMs`. The lock is taken before and held meanwhile: a
 * holder that dies frees it at once, where a lease would have to run out. What makes a transaction over a call bearable
 * is that it has written nothing yet (it has no transaction id, so neither vacuum nor the readers of feeds wait for it),
 * that it says something every 4 s (the server ends one that is silent for 10 s), and that 20 s are the most.
 * What may take longer goes under a lease.
 */
export function aroundCall<Heard>(
  ask: (ctx: Ctx, askingMs: number) => Promise<Heard>,
  write: (ctx: Ctx, tx: Tx, heard: Heard) => Promise<JobResult>,
): RunJob {
  return (ctx, job, fired) =>
    orNotRun(() =>
      ctx.db.transaction(async (tx) => {
        await tx.query(takeLock(job.lock))
        await tx.query(slotStillOpen(job, fired))
        const heard = await meanwhileSpeaking(tx, () => ask(ctx, askingMs))
        await tx.query(beginRun(job, fired))
        const result = await write(ctx, tx, heard)
        for (const statement of taken(job, fired, result)) await tx.query(statement)
        await tx.query(closing(result))
        return result
      }),
    )
}

const askingMs = 20_000
const speakingMs = 4_000

async function meanwhileSpeaking<T>(tx: Tx, work: () => Promise<T>): Promise<T> {
  // A heartbeat that fails means that the connection is gone; the next statement will say so.
  const beat = setInterval(() => void tx.query(sql`select`).catch(() => undefined), speakingMs)
  try {
    return await work()
  } finally {
    clearInterval(beat)
  }
}

/** Work over slow calls: no transaction is open meanwhile; its writes carry `holding(lease)`, and so does its record. */
export function underLease(
  work: (ctx: Ctx, lease: Lease) => Promise<JobResult>,
  { ttlSeconds = 120 } = {},
): RunJob {
  return (ctx, job, fired) =>
    orNotRun(async () => {
      const owner = crypto.randomUUID()
      const [, leased, , , begun] = await ctx.db.batch([
        takeLock(job.lock),
        takeLeaseOf({ name: job.name, owner, ttlSeconds }),
        slotStillOpen(job, fired),
        closeLostRuns(job),
        beginRun(job, fired),
      ])
      // bigint arrives as text from both drivers.
      const [{ fence } = { fence: '0' }] = (leased ?? []) as { fence: string }[]
      const [{ run } = { run: '0' }] = (begun ?? []) as { run: string }[]
      const lease = { name: job.name, fence: Number(fence), ttlSeconds }
      try {
        const result = await work(ctx, lease)
        const done = [...taken(job, fired, result), finishing(run, result), moveExpiry(lease, 0)]
        await ctx.db.batch([holding(lease), ...done])
        return result
      } catch (error) {
        await ctx.db.batch([abandoning(run), moveExpiry(lease, 0)]).catch(() => undefined)
        throw error
      }
    })
}

function opening(job: Job, fired: Fired): SQL[] {
  return [...(fired.slot === null ? [] : [takeSlot(job.name, fired.slot)]), beginRun(job, fired)]
}

/** A failed run leaves its slot to the next. */
function taken(job: Job, { slot }: Fired, { outcome }: JobResult): SQL[] {
  return slot === null || outcome === 'failed' ? [] : [takeSlot(job.name, slot)]
}

function beginRun(job: Job, { slot, trigger }: Fired): SQL {
  return sql`select core.begin_run(${job.name}, ${slot?.toISOString() ?? null}::timestamptz, ${trigger}) as run`
}

/** Records the result on the run this transaction began. */
function closing(result: JobResult): SQL {
  return sql`select ${answer(sql`${JSON.stringify(result)}::jsonb`)}`
}

function finishing(run: string, result: JobResult): SQL {
  return sql`select set_config('lockstep.run', ${run}, true), ${answer(sql`${JSON.stringify(result)}::jsonb`)}`
}

function slotStillOpen(job: Job, { slot }: Fired): SQL {
  return sql`select core.assert_slot_open(${job.name}, ${slot?.toISOString() ?? null}::timestamptz)`
}

/** A run that its holder never finished is closed by the one who took over. */
function closeLostRuns(job: Job): SQL {
  return sql`
update core.job_runs
set outcome = 'failed', finished_at = clock_timestamp(), error = 'the holder of the lease was lost'
where job = ${job.name}
  and outcome = 'running'`
}

/** The failure itself is recorded by runJob, as one row for every kind of job. */
function abandoning(run: string): SQL {
  return sql`delete from core.job_runs where id = ${run}::bigint and outcome = 'running'`
}

type Failure = Fired & { started: Date; error: unknown }

async function recordFailure(ctx: Ctx, job: Job, { slot, trigger, started, error }: Failure): Promise<void> {
  const message = redact(error instanceof Error ? error.message : String(error)).slice(0, 2_000)
  await ctx.db.query(sql`
insert into core.job_runs (job, slot, trigger, started_at, finished_at, outcome, error, round_trips)
values (
  ${job.name}, ${slot?.toISOString() ?? null}::timestamptz, ${trigger}, ${started.toISOString()}::timestamptz,
  clock_timestamp(), 'failed', ${message}, ${ctx.metrics.trips}
)`)
}
