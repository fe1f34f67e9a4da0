import * as z from 'zod'
import { AppError } from '../../core/errors.ts'
import type { Job as ScheduledJob } from '../../core/job.ts'
import { at, created, type Endpoint, noContent, ok } from '../../http/endpoint.ts'
import { Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { Job, JobAnswer, JobName, JobRun, JobRunFilter, NewPause, Pause, RunCursor } from './contract.ts'
import { listJobs } from './list.ts'
import { listRuns } from './list-runs.ts'
import { pauseJob } from './pause.ts'
import { resumeJob } from './resume.ts'
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
      async (ctx, { query: { job = null, outcome = null, all, limit, cursor } }) => {
        const [before = null] = cursorOf(RunCursor, cursor) ?? []
        const runs = await listRuns(ctx, { job, outcome, all, before, limit: limit + 1 })
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
        if (run === null) throw unknownJob(params.name)
        return ok(run)
      },
    ),
    on.post(
      '/{name}/pause',
      {
        summary: 'Pause a job: the clock starts no run of it until then',
        description: 'Its slots meanwhile count as paused, not as missed. A run that has begun goes on.',
        roles: ['admin'],
        params: JobName,
        body: NewPause,
        answers: { 201: Pause },
        problems: ['not_found', 'unprocessable'],
      },
      async (ctx, { params: { name }, body }) => {
        if (!jobs.some((job) => job.name === name)) throw unknownJob(name)
        const paused = await pauseJob(ctx, { job: name, ...body })
        if (!paused.ok) throw new AppError('unprocessable', 'until must be within the next 24 hours')
        return created(`/v1/ops/jobs`, paused.pause)
      },
    ),
    on.delete(
      '/{name}/pause',
      {
        summary: 'End the pause of a job',
        roles: ['admin'],
        params: JobName,
        answers: { 204: null },
        problems: ['not_found'],
      },
      async (ctx, { params: { name } }) => {
        if (!(await resumeJob(ctx, name))) throw new AppError('not_found', `${name} is not paused`)
        return noContent()
      },
    ),
  ]
}

function unknownJob(name: string): AppError {
  return new AppError('not_found', `No job is named ${name}; see GET /v1/ops/jobs`)
}
