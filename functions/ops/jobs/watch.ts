import { sql } from 'drizzle-orm'
import type { Job } from '../../core/job.ts'
import type { Rule } from '../../core/watch.ts'
import { newestRuns } from './newest.ts'
import { schedulesAt } from './schedule.ts'

/** `jobs` are those of all rows. */
export function jobRules(jobs: readonly Job[]): Rule[] {
  const names = sql.param(jobs.map(({ name }) => name))
  return [
    {
      name: 'job_missed',
      severity: 'critical',
      unit: 'seconds',
      raise: 120,
      // A job that reads this value, or ends late in its minute, has not finished the slot of this minute.
      clear: 60,
      pendingFor: 0,
      clearFor: 0,
      absent: 'clear',
      // Seconds since the slot that should have followed the last finished one, or the end of a pause.
      value: (ctx) => {
        const scheduleOf = schedulesAt(ctx.now())
        const periods = jobs.map(({ name, cron }) => ({ name, seconds: scheduleOf(cron).periodSeconds }))
        return sql`
select jsonb_build_object('job', j.name) as labels,
  greatest(extract(epoch from now() - greatest(done.slot, paused.until)) - j.seconds, 0)::float8 as value
from jsonb_to_recordset(${JSON.stringify(periods)}::jsonb) as j (name text, seconds int)
cross join lateral (
  select s.slot from core.job_slots s where s.job = j.name order by s.slot desc limit 1
) done
left join lateral (
  select max(coalesce(p.ended_at, p.until)) as until from core.job_pauses p where p.job = j.name and p.until > done.slot
) paused on true`
      },
      evidence: () => sql`
select jsonb_build_object('job', r.job), jsonb_build_object(
  'slot', core.iso(r.slot), 'startedAt', core.iso(r.started_at), 'outcome', r.outcome, 'trigger', r.trigger
)
from unnest(${names}::text[]) j (name)
cross join lateral (${newestRuns({ job: sql`j.name`, limit: 5 })}) r`,
      advice:
        'The clock fired no slot, or its run did not finish. See GET /v1/ops/jobs/runs?job=; run it by hand with POST /v1/ops/jobs/{name}/run.',
    },
    {
      name: 'job_failing',
      severity: 'warning',
      unit: 'runs in a row',
      raise: 2,
      clear: 0,
      critical: 10,
      pendingFor: 0,
      clearFor: 0,
      absent: 'clear',
      value: () => sql`
select jsonb_build_object('job', j.name) as labels, count(*) filter (where r.so_far)::float8 as value
from unnest(${names}::text[]) j (name)
cross join lateral (
  select bool_and(r.outcome = 'failed') over (order by r.id desc) as so_far
  from (${newestRuns({ job: sql`j.name`, limit: 20 })}) r
  where r.outcome <> 'running'
) r
group by j.name`,
      evidence: () => sql`
select jsonb_build_object('job', r.job), jsonb_build_object('run', r.id, 'startedAt', core.iso(r.started_at))
from unnest(${names}::text[]) j (name)
cross join lateral (${newestRuns({ job: sql`j.name`, outcome: 'failed', limit: 5 })}) r`,
      advice: 'GET /v1/ops/jobs/runs?outcome=failed has the error of each run. A failed slot stays open.',
    },
    {
      name: 'job_stuck',
      severity: 'warning',
      unit: 'seconds',
      raise: 0,
      clear: 0,
      pendingFor: 60,
      clearFor: 0,
      absent: 'clear',
      // A run whose lease is over and that no later run has closed.
      value: () => sql`
select jsonb_build_object('job', r.job) as labels, extract(epoch from now() - l.expires_at)::float8 as value
from unnest(${names}::text[]) j (name)
join core.leases l on l.name = j.name and l.expires_at < now()
cross join lateral (${newestRuns({ job: sql`j.name`, limit: 1 })}) r
where r.outcome = 'running'`,
      advice:
        'The holder of the lease died. The next run of the job takes the lease and closes the lost run.',
    },
  ]
}
