/**
 * What runs by the clock, and the record it leaves.
 *
 * Guarantee: a run that did work leaves a row in core.job_runs with its slot, outcome, rows and error; a successful
 * run's row commits with its work; a failed run's row survives the rollback of its work. A run that lost (`busy`, `done`)
 * is logged and leaves no row: another run's row stands for the slot.
 * What the caller must do: return counts; throw to fail. Driver: HTTP for `asStatement` (one round trip for lock, slot,
 * work and record) and `underLease`, WebSocket for `inSession`.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from './context.ts'
import type { Tx } from './db.ts'
import { type NotRun, orNotRun, takeLock } from './guard.ts'
import { answer } from './idempotency.ts'
import { holding, type Lease, moveExpiry, takeLeaseOf } from './lease.ts'
import { redact } from './log.ts'
import { takeSlot } from './once.ts'

/** `skipped`: the run found that there was nothing to do. Further fields are kept as the run's detail. */
export type JobResult = { rows: number; outcome?: 'ok' | 'skipped' } & Record<string, unknown>

export type JobRun =
  | { ran: true; outcome: 'ok' | 'skipped'; rows: number; detail: Record<string, unknown> }
  | NotRun

export type Fired = { slot: Date | null; trigger: 'cron' | 'manual' }

export type Job = { name: string; cron: string; lock: number; run: RunJob }
type RunJob = (ctx: Ctx, job: Job, fired: Fired) => Promise<{ ran: true; value: JobResult } | NotRun>

/** Throws what the work threw, after recording it. */
export async function runJob(ctx: Ctx, job: Job, fired: Fired): Promise<JobRun> {
  const started = ctx.now()
  try {
    const result = await job.run(ctx, job, fired)
    ctx.log.info('job', { job: job.name, ...(result.ran ? { ran: true, ...result.value } : result) })
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

/** Work over slow calls: no transaction is open meanwhile; its writes carry `holding(lease)`, and so does its record. */
export function underLease(
  work: (ctx: Ctx, lease: Lease) => Promise<JobResult>,
  { ttlSeconds = 120 } = {},
): RunJob {
  return (ctx, job, fired) =>
    orNotRun(async () => {
      const owner = crypto.randomUUID()
      const [taken, , , begun] = await ctx.db.batch([
        takeLeaseOf({ name: job.name, owner, ttlSeconds }),
        slotStillOpen(job, fired),
        closeLostRuns(job),
        beginRun(job, fired),
      ])
      // bigint arrives as text from both drivers.
      const [{ fence } = { fence: '0' }] = (taken ?? []) as { fence: string }[]
      const [{ run } = { run: '0' }] = (begun ?? []) as { run: string }[]
      const lease = { name: job.name, fence: Number(fence), ttlSeconds }
      try {
        const result = await work(ctx, lease)
        const slot = fired.slot === null ? [] : [takeSlot(job.name, fired.slot)]
        await ctx.db.batch([holding(lease), ...slot, finishing(run, result), moveExpiry(lease, 0)])
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
