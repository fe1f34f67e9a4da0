import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named, type Statement } from '../../core/named.ts'
import type { Job as Shown } from './contract.ts'
import { newestRuns } from './newest.ts'
import { type Schedule, schedulesAt } from './schedule.ts'

type Scheduled = { name: string; cron: string; lock: number }
type Figures = Pick<
  Shown,
  'lastRun' | 'pause' | 'running' | 'failuresInRow' | 'lateSeconds' | 'meanMs' | 'p95Ms'
>
type Seen = Figures & {
  job: string
  first: number | null
  /** The first and the last finished slot of the day. */
  between: [from: number, to: number] | null
  gaps: Span[]
  pauses: Span[]
}
type Span = readonly [from: number, to: number]

const windowMs = 24 * 60 * 60 * 1_000
/** The figures of a job are over so many runs at most, so that they cost the same however many there are. */
const newest = 100

const never: Omit<Seen, 'job'> = {
  first: null,
  between: null,
  gaps: [],
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
  const now = ctx.now()
  const scheduleOf = schedulesAt(now)
  const periods = jobs.map(({ cron }) => scheduleOf(cron).leastPeriodSeconds)
  const rows = await ctx.replica.query<Seen>(readJobs(jobs, periods))
  const seen = new Map(rows.map(({ job, ...figures }) => [job, figures]))
  return jobs.map(({ name, cron, lock }) => {
    const { first, between, gaps, pauses, ...figures } = seen.get(name) ?? never
    const schedule = scheduleOf(cron)
    const next = schedule.next(now.getTime())
    const nextAt = next === null ? null : new Date(next).toISOString()
    const { missed, paused } = missedSlots(schedule, { first, between, gaps, pauses }, now)
    return { name, cron, lockId: lock, ...figures, nextAt, missed, pausedSlots: paused }
  })
}

/** Postgres returns the gaps between finished slots, of which there are few, and not the slots. */
function readJobs(jobs: readonly Scheduled[], periods: readonly number[]): Statement {
  const names = sql.param(jobs.map(({ name }) => name))
  return named('ops.list-jobs')`
with named as materialized (
  select * from unnest(${names}::text[], ${sql.param(periods)}::int[]) named (job, period)
),
figures as materialized (
  select named.job,
    max(r.id) as last_id,
    max(r.id) filter (where r.slot is not null) as last_timed_id,
    max(r.id) filter (where r.outcome not in ('failed', 'running')) as last_good_id,
    array_agg(r.id) filter (where r.outcome = 'failed') as failed_ids,
    avg(took.ms) as mean_ms,
    percentile_cont(0.95) within group (order by took.ms) as p95_ms
  from named
  cross join lateral (${newestRuns({ job: sql`named.job`, limit: newest })}) r
  cross join lateral (
    select case when r.outcome = 'ok' and r.started_at > now() - interval '24 hours'
      then ${milliseconds(sql`r.finished_at - r.started_at`)}
    end as ms
  ) took
  group by named.job
)
select named.job, last_run.run as "lastRun", first_done.slot as first,
  case when done.slots > 0 then jsonb_build_array(${milliseconds(sql`done.since`)}, ${milliseconds(sql`done.until`)}) end as between,
  coalesce(between_them.gaps, '[]'::jsonb) as gaps,
  coalesce(paused.spans, '[]'::jsonb) as pauses, active.pause,
  coalesce(last_run.run ->> 'outcome' = 'running', false) as running,
  coalesce(failed.runs, 0)::int as "failuresInRow", timed.late_seconds as "lateSeconds",
  f.mean_ms as "meanMs", f.p95_ms as "p95Ms"
from named
left join figures f on f.job = named.job
left join lateral (
  select count(*) as runs from unnest(f.failed_ids) failed (id) where failed.id > coalesce(f.last_good_id, 0)
) failed on true
left join lateral (
  select extract(epoch from r.started_at - r.slot)::float8 as late_seconds
  from core.job_runs r
  where r.id = f.last_timed_id
) timed on true
left join lateral (
  select jsonb_build_object(
    'slot', core.iso(r.slot), 'startedAt', core.iso(r.started_at), 'finishedAt', core.iso(r.finished_at),
    'outcome', r.outcome, 'rows', r.rows, 'error', r.error
  ) as run
  from core.job_runs r
  where r.id = f.last_id
) last_run on true
left join lateral (
  select ${milliseconds(sql`s.slot`)} as slot
  from core.job_slots s
  where s.job = named.job
  order by s.slot
  limit 1
) first_done on true
-- Postgres reads the least and the greatest at the ends of the index when each is asked for by itself.
left join lateral (
  select (select count(*) from ${slotsOfTheDay}) as slots, (select min(s.slot) from ${slotsOfTheDay}) as since,
    (select max(s.slot) from ${slotsOfTheDay}) as until
) done on true
-- As many slots as the period has room for leave no gap, so they are not looked at one by one.
left join lateral (
  select jsonb_agg(jsonb_build_array(${milliseconds(sql`s.before`)}, ${milliseconds(sql`s.slot`)})) as gaps
  from (
    select s.slot, lag(s.slot) over (order by s.slot) as before
    from ${slotsOfTheDay}
  ) s
  where done.slots <= extract(epoch from done.until - done.since) / named.period
    and s.slot - s.before > make_interval(secs => named.period)
) between_them on true
left join lateral (
  select jsonb_agg(jsonb_build_array(
    ${milliseconds(sql`p.since`)}, ${milliseconds(sql`coalesce(p.ended_at, p.until)`)}
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
) active on true`
}

const slotsOfTheDay = sql`core.job_slots s where s.job = named.job and s.slot > now() - interval '24 hours'`

const milliseconds = (at: SQL) => sql`(extract(epoch from ${at}) * 1000)::float8`

type Done = {
  /** The first finished slot of all. */
  first: number | null
  between: Span | null
  /** Pairs of finished slots that are further apart than the period of the job. */
  gaps: readonly Span[]
  pauses: readonly Span[]
}

/**
 * Slots of the last day that no run did, without those that passed during a pause. Slots before the first finished one
 * do not count, because the job may not have existed yet.
 */
export function missedSlots(
  schedule: Pick<Schedule, 'next'>,
  { first, between, gaps, pauses }: Done,
  now: Date,
): { missed: number; paused: number } {
  const counts = { missed: 0, paused: 0 }
  if (first === null) return counts
  const begin = Math.max(first, now.getTime() - windowMs)
  // The slot of this very minute may still be running.
  const end = now.getTime() - 60_000 + 1
  const empty: readonly Span[] =
    between === null ? [[begin, end]] : [[begin, between[0]], ...gaps, [between[1], end]]
  for (const [after, before] of empty) {
    const limit = Math.min(before, end)
    for (let at = schedule.next(after); at !== null && at < limit; at = schedule.next(at)) {
      const slot = at
      counts[pauses.some(([since, until]) => since <= slot && slot < until) ? 'paused' : 'missed'] += 1
    }
  }
  return counts
}
