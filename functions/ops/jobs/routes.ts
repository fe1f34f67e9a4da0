import * as z from 'zod'
import { AppError } from '../../core/errors.ts'
import type { Job as ScheduledJob } from '../../core/job.ts'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { Job, JobAnswer, JobName, JobRun, JobRunFilter, RunCursor } from './contract.ts'
import { listJobs } from './list.ts'
import { listRuns } from './list-runs.ts'
import { runJobNow } from './run.ts'

const on = at('/v1/ops/jobs', 'ops')

/** `jobs` are those of all rows; cron/index.ts collects them. */
export function jobsEndpoints(jobs: readonly ScheduledJob[]): Endpoint[] {
  return [
    on.get(
      '',
      {
        summary: 'List the cron jobs with their last run, next slot and missed slots',
        roles: ['admin'],
        answers: { 200: z.object({ data: z.array(Job), nextCursor: z.null() }) },
      },
      async (ctx) => ok({ data: await listJobs(ctx, jobs), nextCursor: null }),
    ),
    on.get(
      '/runs',
      {
        summary: 'List the runs of jobs, newest first',
        roles: ['admin'],
        query: z.strictObject({ ...JobRunFilter, ...PageQuery }),
        answers: { 200: Page(JobRun) },
      },
      async (ctx, { query: { job = null, outcome = null, limit, cursor } }) => {
        const [before = null] = cursorOf(RunCursor, cursor) ?? []
        const runs = await listRuns(ctx, { job, outcome, before, limit: limit + 1 })
        return ok(page(runs, limit, ({ id }) => [id]))
      },
    ),
    on.post(
      '/{name}/run',
      {
        summary: 'Run a job now, under its lock',
        roles: ['admin'],
        params: JobName,
        answers: { 200: JobAnswer },
      },
      async (ctx, { params }) => {
        const run = await runJobNow(ctx, jobs, params.name)
        if (run === null)
          throw new AppError('not_found', `No job is named ${params.name}; see GET /v1/ops/jobs`)
        return ok(run)
      },
    ),
  ]
}
