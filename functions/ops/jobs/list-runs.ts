import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { JobRun } from './contract.ts'

type Query = {
  job: string | null
  outcome: string | null
  /** With the runs that found no work. */
  all: boolean
  before: number | null
  limit: number
}

/** Runs of jobs, newest first. */
export async function listRuns(ctx: Ctx, { job, outcome, all, before, limit }: Query): Promise<JobRun[]> {
  const rows = await ctx.replica.query<{ run: JobRun }>(named('ops.list-runs')`
select jsonb_build_object(
  'id', r.id, 'job', r.job, 'trigger', r.trigger, 'slot', core.iso(r.slot), 'startedAt', core.iso(r.started_at),
  'finishedAt', core.iso(r.finished_at), 'outcome', r.outcome, 'rows', r.rows, 'error', r.error, 'detail', r.detail,
  'roundTrips', r.round_trips
) as run
from core.job_runs r
where (${job}::text is null or r.job = ${job})
  and (${outcome}::text is null or r.outcome = ${outcome})
  and (${all || outcome !== null}::boolean or r.outcome <> 'skipped')
  and (${before}::bigint is null or r.id < ${before})
order by r.id desc
limit ${limit}`)
  return rows.map(({ run }) => run)
}
