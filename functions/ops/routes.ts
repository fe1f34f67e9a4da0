import * as z from 'zod'
import { AppError } from '../core/errors.ts'
import type { Job } from '../core/job.ts'
import { type Endpoint, endpoint, ok } from '../http/endpoint.ts'
import { cursorOf, Page, PageQuery, page } from '../http/page.ts'
import { checkReadiness } from './check-readiness.ts'
import * as wire from './contract.ts'
import { listJobs } from './list-jobs.ts'
import { listRuns } from './list-runs.ts'
import { listViews } from './list-views.ts'
import { runJobNow } from './run-job.ts'

const tag = 'ops'

/** `jobs` comes from the cron table, which is above every module. */
export function opsEndpoints(jobs: readonly Job[]): Endpoint[] {
  return [
    endpoint(
      {
        method: 'get',
        path: '/healthz',
        tag,
        summary: 'Alive, without asking the database',
        roles: 'public',
        answers: { 200: wire.Health },
      },
      async () => ok({ status: 'ok' }),
    ),
    endpoint(
      {
        method: 'get',
        path: '/readyz',
        tag,
        summary: 'Ready to serve: each dependency that matters',
        description:
          'Answers 503 with the failed checks when the database, the role or the migrations are not as needed.',
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
    endpoint(
      {
        method: 'get',
        path: '/v1/ops/jobs',
        tag,
        summary: 'The cron jobs: last run, next slot, missed slots',
        roles: ['admin'],
        answers: { 200: z.object({ data: z.array(wire.Job), nextCursor: z.null() }) },
      },
      async (ctx) => ok({ data: await listJobs(ctx, jobs), nextCursor: null }),
    ),
    endpoint(
      {
        method: 'get',
        path: '/v1/ops/jobs/runs',
        tag,
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
    endpoint(
      {
        method: 'post',
        path: '/v1/ops/jobs/{name}/run',
        tag,
        summary: 'Run a job now, through its guard',
        roles: ['admin'],
        params: wire.JobName,
        answers: { 200: wire.JobAnswer },
      },
      async (ctx, { params }) => {
        const run = await runJobNow(ctx, jobs, params.name)
        if (run === null)
          throw new AppError('not_found', `There is no job ${params.name}; see GET /v1/ops/jobs`)
        return ok(run)
      },
    ),
    endpoint(
      {
        method: 'get',
        path: '/v1/ops/views',
        tag,
        summary: 'The materialized views: last refresh, age, size, staleness',
        roles: ['admin'],
        answers: { 200: z.object({ data: z.array(wire.View), nextCursor: z.null() }) },
      },
      async (ctx) => ok({ data: await listViews(ctx), nextCursor: null }),
    ),
  ]
}
