import { Cron } from 'croner'
import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named, type Statement } from '../../core/named.ts'
import type { Job as Shown } from './contract.ts'
import { newestRuns } from './newest.ts'

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
const newest = 200

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
  const rows = await ctx.replica.query<Seen>(readJobs(jobs, now))
  const seen = new Map(rows.map(({ job, ...figures }) => [job, figures]))
  return jobs.map(({ name, cron, lock }) => {
    const { first, between, gaps, pauses, ...figures } = seen.get(name) ?? never
    const nextAt = new Cron(cron, { timezone: 'UTC' }).nextRun(now)?.toISOString() ?? null
    const { missed, paused } = missedSlots(cron, { first, between, gaps, pauses }, now)
    return { name, cron, lockId: lock, ...figures, nextAt, missed, pausedSlots: paused }
  })
}

/** Postgres returns the gaps between finished slots, of which there are few, and not the slots. */
function readJobs(jobs: readonly Scheduled[], now: Date): Statement {
  const names = sql.param(jobs.map(({ name }) => name))
  const periods = sql.param(jobs.map(({ cron }) => leastPeriodSeconds(cron, now)))
  return named('ops.list-jobs')`
with named as materialized (
  select * from unnest(${names}::text[], ${periods}::int[]) named (job, period)
),
recent as materialized (
  select r.job, r.id, r.slot, r.started_at, r.finished_at, r.outcome, r.rows, r.error,
    row_number() over newest = 1 as is_last,
    bool_and(r.outcome in ('failed', 'running')) over newest as is_failing,
    case when r.outcome = 'ok' and r.started_at > now() - interval '24 hours'
      then (extract(epoch from r.finished_at - r.started_at) * 1000)::float8
    end as ms
  from named
  cross join lateral (${newestRuns({ job: sql`named.job`, limit: newest })}) r
  window newest as (partition by r.job order by r.id desc)
),
figures as (
  select job,
    count(*) filter (where is_failing and outcome = 'failed') as failures,
    (array_agg(extract(epoch from started_at - slot) order by id desc) filter (where slot is not null))[1] as late_seconds,
    avg(ms) as mean_ms,
    percentile_cont(0.95) within group (order by ms) as p95_ms
  from recent
  group by job
)
select named.job, last_run.run as "lastRun", first_done.slot as first, done.between, coalesce(done.gaps, '[]'::jsonb) as gaps,
  coalesce(paused.spans, '[]'::jsonb) as pauses, active.pause,
  coalesce(last_run.run ->> 'outcome' = 'running', false) as running,
  coalesce(f.failures, 0)::int as "failuresInRow", f.late_seconds::float8 as "lateSeconds",
  f.mean_ms as "meanMs", f.p95_ms as "p95Ms"
from named
left join figures f on f.job = named.job
left join lateral (
  select jsonb_build_object(
    'slot', core.iso(r.slot), 'startedAt', core.iso(r.started_at), 'finishedAt', core.iso(r.finished_at),
    'outcome', r.outcome, 'rows', r.rows, 'error', r.error
  ) as run
  from recent r
  where r.job = named.job
    and r.is_last
) last_run on true
left join lateral (
  select (extract(epoch from s.slot) * 1000)::float8 as slot
  from core.job_slots s
  where s.job = named.job
  order by s.slot
  limit 1
) first_done on true
left join lateral (
  select jsonb_build_array(min(s.ms), max(s.ms)) as between,
    jsonb_agg(jsonb_build_array(s.before, s.ms)) filter (where s.ms - s.before > named.period * 1000) as gaps
  from (
    select s.ms, lag(s.ms) over (order by s.ms) as before
    from (
      select (extract(epoch from s.slot) * 1000)::bigint as ms
      from core.job_slots s
      where s.job = named.job
        and s.slot > now() - interval '24 hours'
    ) s
  ) s
  having count(*) > 0
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
) active on true`
}

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
  cron: string,
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
  const schedule = new Cron(cron, { timezone: 'UTC' })
  for (const [after, before] of empty) {
    let at = schedule.nextRun(new Date(after))
    for (; at !== null && at.getTime() < Math.min(before, end); at = schedule.nextRun(at)) {
      const slot = at.getTime()
      counts[pauses.some(([since, until]) => since <= slot && slot < until) ? 'paused' : 'missed'] += 1
    }
  }
  return counts
}

/** The seconds between two slots of a job, from the schedule at this moment. */
export function periodSeconds(cron: string, now: Date): number {
  return periodsOf(cron, now, 2)[0] ?? 0
}

/** No two slots are closer, so a longer gap may lack one. */
function leastPeriodSeconds(cron: string, now: Date): number {
  return Math.min(...periodsOf(cron, now, 10), 86_400)
}

function periodsOf(cron: string, now: Date, slots: number): number[] {
  const next = new Cron(cron, { timezone: 'UTC' }).nextRuns(slots, now).map((slot) => slot.getTime())
  return next.slice(1).map((slot, at) => (slot - (next[at] ?? slot)) / 1_000)
}
