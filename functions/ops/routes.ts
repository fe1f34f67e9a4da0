import * as z from 'zod'
import { AppError } from '../core/errors.ts'
import type { Job } from '../core/job.ts'
import { at, type Endpoint, ok } from '../http/endpoint.ts'
import { Page, PageQuery } from '../http/fields.ts'
import { cursorOf, page } from '../http/page.ts'
import * as wire from './contract.ts'
import { checkReadiness } from './health/check-readiness.ts'
import { listJobs } from './jobs/list.ts'
import { listRuns } from './jobs/list-runs.ts'
import { runJobNow } from './jobs/run.ts'
import { listViews } from './views/list.ts'

const on = at('', 'ops')

/** `jobs` comes from the cron table, which is above every module. */
export function opsEndpoints(jobs: readonly Job[]): Endpoint[] {
  return [
    on.get(
      '/healthz',
      {
        summary: 'Liveness; the database is not queried',
        roles: 'public',
        answers: { 200: wire.Health },
      },
      async () => ok({ status: 'ok' }),
    ),
    on.get(
      '/readyz',
      {
        summary: 'Readiness: the state of each dependency',
        description:
          'Responds 503 with the failed checks when the database, the role or the migrations are not as needed.',
        roles: 'public',
        answers: { 200: wire.Readiness },
      },
      async (ctx) => {
        const readiness = await checkReadiness(ctx)
        if (readiness.ready) return ok(readiness, { headers: { 'cache-control': 'no-store' } })
        const failed = readiness.checks.filter((check) => !check.ok)
        throw new AppError('unavailable', failed.map(({ name, detail }) => `${name}: ${detail}`).join('; '), {
          retryAfter: 1,
          extra: readiness,
        })
      },
    ),
    on.get(
      '/v1/ops/jobs',
      {
        summary: 'The cron jobs: last run, next slot, missed slots',
        roles: ['admin'],
        answers: { 200: z.object({ data: z.array(wire.Job), nextCursor: z.null() }) },
      },
      async (ctx) => ok({ data: await listJobs(ctx, jobs), nextCursor: null }),
    ),
    on.get(
      '/v1/ops/jobs/runs',
      {
        summary: 'Runs of jobs, newest first',
        roles: ['admin'],
        query: z.strictObject({ ...wire.JobRunFilter, ...PageQuery }),
        answers: { 200: Page(wire.JobRun) },
      },
      async (ctx, { query: { job = null, outcome = null, limit, cursor } }) => {
        const [before = null] = cursorOf(wire.RunCursor, cursor) ?? []
        const runs = await listRuns(ctx, { job, outcome, before, limit: limit + 1 })
        return ok(page(runs, limit, ({ id }) => [id]))
      },
    ),
    on.post(
      '/v1/ops/jobs/{name}/run',
      {
        summary: 'Run a job now, through its guard',
        roles: ['admin'],
        params: wire.JobName,
        answers: { 200: wire.JobAnswer },
      },
      async (ctx, { params }) => {
        const run = await runJobNow(ctx, jobs, params.name)
        if (run === null)
          throw new AppError('not_found', `No job is named ${params.name}; see GET /v1/ops/jobs`)
        return ok(run)
      },
    ),
    on.get(
      '/v1/ops/views',
      {
        summary: 'The materialized views: last refresh, age, size, staleness',
        roles: ['admin'],
        answers: { 200: z.object({ data: z.array(wire.View), nextCursor: z.null() }) },
      },
      async (ctx) => ok({ data: await listViews(ctx), nextCursor: null }),
    ),
  ]
}
