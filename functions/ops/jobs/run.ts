import type { Ctx } from '../../core/context.ts'
import { type Job, type JobRun, runJob } from '../../core/job.ts'

/** Runs a job now, under its lock; null when no job has that name. */
export async function runJobNow(ctx: Ctx, jobs: readonly Job[], name: string): Promise<JobRun | null> {
  const job = jobs.find((known) => known.name === name)
  return job === undefined ? null : runJob(ctx, job, { slot: null, trigger: 'manual' })
}
