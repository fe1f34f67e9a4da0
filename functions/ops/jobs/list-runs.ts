import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { type JobRun, Outcome } from './contract.ts'
import { newestRuns } from './newest.ts'

type Query = {
  job: string | null
  outcome: string | null
  /** With the runs that found no work. */
  all: boolean
  before: number | null
  limit: number
}

/** Runs of jobs, newest first. It reads no more runs than a page of each outcome has, however many there are. */
export async function listRuns(ctx: Ctx, { job, outcome, all, before, limit }: Query): Promise<JobRun[]> {
  const outcomes = outcome === null ? Outcome.options.filter((one) => all || one !== 'skipped') : [outcome]
  const newest = outcomes.map(
    (one) =>
      sql`(${newestRuns({ ...(job !== null && { job: sql`${job}::text` }), outcome: one, before, limit })})`,
  )
  const rows = await ctx.replica.query<{ run: JobRun }>(named('ops.list-runs')`
select jsonb_build_object(
  'id', r.id, 'job', r.job, 'trigger', r.trigger, 'slot', core.iso(r.slot), 'startedAt', core.iso(r.started_at),
  'finishedAt', core.iso(r.finished_at), 'outcome', r.outcome, 'rows', r.rows, 'error', r.error, 'detail', r.detail,
  'roundTrips', r.round_trips
) as run
from (${sql.join(newest, sql` union all `)}) r
order by r.id desc
limit ${limit}`)
  return rows.map(({ run }) => run)
}
