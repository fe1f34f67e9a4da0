import { Cron } from 'croner'
import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Job as Shown } from './contract.ts'

type Scheduled = { name: string; cron: string; lock: number }
type Figures = Pick<
  Shown,
  'lastRun' | 'pause' | 'running' | 'failuresInRow' | 'lateSeconds' | 'meanMs' | 'p95Ms'
>
type Seen = Figures & {
  job: string
  first: string | null
  slots: string[]
  pauses: [from: number, to: number][]
}

const windowMs = 24 * 60 * 60 * 1_000

const never: Omit<Seen, 'job'> = {
  first: null,
  slots: [],
  pauses: [],
  lastRun: null,
  pause: null,
  running: false,
  failuresInRow: 0,
  lateSeconds: null,
  meanMs: null,
  p95Ms: null,
}

/** Each cron job with its last run, its next slot, its times, and the missed and paused slots of the last day. */
export async function listJobs(ctx: Ctx, jobs: readonly Scheduled[]): Promise<Shown[]> {
  const rows = await ctx.replica.query<Seen>(named('ops.list-jobs')`
select named.job, last_run.run as "lastRun", first_done.slot as first, coalesce(done.slots, '[]'::jsonb) as slots,
  coalesce(paused.spans, '[]'::jsonb) as pauses, active.pause,
  coalesce(last_run.run ->> 'outcome' = 'running', false) as running,
  coalesce(failed.count, 0)::int as "failuresInRow", late.seconds as "lateSeconds",
  took.mean_ms as "meanMs", took.p95_ms as "p95Ms"
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
) done on true
left join lateral (
  select jsonb_agg(jsonb_build_array(
    (extract(epoch from p.since) * 1000)::bigint, (extract(epoch from coalesce(p.ended_at, p.until)) * 1000)::bigint
  )) as spans
  from core.job_pauses p
  where p.job = named.job
    and p.until > now() - interval '24 hours'
) paused on true
left join lateral (
  select jsonb_build_object(
    'since', core.iso(p.since), 'until', core.iso(p.until), 'reason', p.reason, 'by', p.by
  ) as pause
  from core.job_pauses p
  where p.job = named.job
    and p.until > now()
    and p.ended_at is null
  order by p.until desc
  limit 1
) active on true
left join lateral (
  select count(*) as count
  from (
    select r.outcome, bool_and(r.outcome = 'failed') over (order by r.id desc) as so_far
    from (
      select r.id, r.outcome
      from core.job_runs r
      where r.job = named.job
        and r.outcome <> 'running'
      order by r.id desc
      limit 100
    ) r
  ) recent
  where so_far
) failed on true
left join lateral (
  select extract(epoch from r.started_at - r.slot)::float8 as seconds
  from core.job_runs r
  where r.job = named.job
    and r.slot is not null
  order by r.id desc
  limit 1
) late on true
left join lateral (
  select avg(ms) as mean_ms, percentile_cont(0.95) within group (order by ms) as p95_ms
  from (
    select (extract(epoch from r.finished_at - r.started_at) * 1000)::float8 as ms
    from core.job_runs r
    where r.job = named.job
      and r.started_at > now() - interval '24 hours'
      and r.outcome = 'ok'
    order by r.id desc
    limit 1440
  ) recent
) took on true`)
  const seen = new Map(rows.map(({ job, ...figures }) => [job, figures]))
  return jobs.map(({ name, cron, lock }) => {
    const { first, slots, pauses, ...figures } = seen.get(name) ?? never
    const now = ctx.now()
    const nextAt = new Cron(cron, { timezone: 'UTC' }).nextRun(now)?.toISOString() ?? null
    const done = { first: first === null ? null : Number(first), slots: slots.map(Number), pauses }
    const { missed, paused } = missedSlots(cron, done, now)
    return { name, cron, lockId: lock, ...figures, nextAt, missed, pausedSlots: paused }
  })
}

type Done = {
  first: number | null
  slots: readonly number[]
  pauses: readonly (readonly [from: number, to: number])[]
}

/**
 * Slots of the last day that no run did, without those that passed during a pause. Slots before the first finished one
 * do not count, because the job may not have existed yet.
 */
export function missedSlots(
  cron: string,
  { first, slots, pauses }: Done,
  now: Date,
): { missed: number; paused: number } {
  const counts = { missed: 0, paused: 0 }
  if (first === null) return counts
  // The slot of this very minute may still be running.
  const until = now.getTime() - 60_000
  const schedule = new Cron(cron, { timezone: 'UTC' })
  const done = new Set(slots)
  let at = schedule.nextRun(new Date(Math.max(first, now.getTime() - windowMs)))
  for (; at !== null && at.getTime() <= until; at = schedule.nextRun(at)) {
    const slot = at.getTime()
    if (done.has(slot)) continue
    counts[pauses.some(([from, to]) => from <= slot && slot < to) ? 'paused' : 'missed'] += 1
  }
  return counts
}

/** The seconds between two slots of a job, from the schedule at this moment. */
export function periodSeconds(cron: string, now: Date): number {
  const [first, second] = new Cron(cron, { timezone: 'UTC' }).nextRuns(2, now)
  return first === undefined || second === undefined ? 0 : (second.getTime() - first.getTime()) / 1000
}
