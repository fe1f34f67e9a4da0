import { Cron } from 'croner'
import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Job as Shown } from './contract.ts'

type Scheduled = { name: string; cron: string; lock: number }
type Seen = { job: string; lastRun: Shown['lastRun']; first: string | null; slots: string[] }

const windowMs = 24 * 60 * 60 * 1_000

/** Each cron job with its last run, its next slot, and the missed slots of the last day. */
export async function listJobs(ctx: Ctx, jobs: readonly Scheduled[]): Promise<Shown[]> {
  const seen = await ctx.replica.query<Seen>(sql`
select named.job, last_run.run as "lastRun", first_done.slot as first, coalesce(done.slots, '[]'::jsonb) as slots
from unnest(${sql.param(jobs.map(({ name }) => name))}::text[]) named (job)
left join lateral (
  select jsonb_build_object(
    'slot', core.iso(r.slot), 'startedAt', core.iso(r.started_at), 'finishedAt', core.iso(r.finished_at),
    'outcome', r.outcome, 'rows', r.rows, 'error', r.error
  ) as run
  from core.job_runs r
  where r.job = named.job
  order by r.id desc
  limit 1
) last_run on true
left join lateral (
  select (extract(epoch from s.slot) * 1000)::bigint as slot
  from core.job_slots s
  where s.job = named.job
  order by s.slot
  limit 1
) first_done on true
left join lateral (
  select jsonb_agg((extract(epoch from s.slot) * 1000)::bigint) as slots
  from core.job_slots s
  where s.job = named.job
    and s.slot > now() - interval '24 hours'
) done on true`)
  return jobs.map(({ name, cron, lock }) => {
    const { lastRun = null, first = null, slots = [] } = seen.find(({ job }) => job === name) ?? {}
    const now = ctx.now()
    const nextAt = new Cron(cron, { timezone: 'UTC' }).nextRun(now)?.toISOString() ?? null
    const done = { first: first === null ? null : Number(first), slots: slots.map(Number) }
    return { name, cron, lockId: lock, lastRun, nextAt, missed: missedSlots(cron, done, now) }
  })
}

/**
 * Slots of the last day that no run did. Slots before the first finished one do not count, because the job may not have
 * existed yet.
 */
export function missedSlots(
  cron: string,
  { first, slots }: { first: number | null; slots: readonly number[] },
  now: Date,
): number {
  if (first === null) return 0
  // The slot of this very minute may still be running.
  const until = now.getTime() - 60_000
  const schedule = new Cron(cron, { timezone: 'UTC' })
  const done = new Set(slots)
  let missed = 0
  let at = schedule.nextRun(new Date(Math.max(first, now.getTime() - windowMs)))
  for (; at !== null && at.getTime() <= until; at = schedule.nextRun(at))
    if (!done.has(at.getTime())) missed += 1
  return missed
}
