import type { Ctx } from '../functions/core/context.ts'
import { type Job, type JobRun, runJob } from '../functions/core/job.ts'
import { slotOf } from '../functions/core/once.ts'
import { modules } from '../functions/modules.ts'
import { coreJobs } from './core.ts'
import { dispatchJobs } from './dispatch.ts'
import { ledgerJobs } from './ledger.ts'
import { spaceJobs } from './space.ts'

export const jobs: readonly Job[] = [
  ...coreJobs(modules.flatMap(({ outgoing = [] }) => outgoing)),
  ...dispatchJobs,
  ...ledgerJobs,
  ...spaceJobs,
]

/** The expressions that wrangler.toml must name; Cloudflare passes back the very string. */
export const crons: readonly string[] = [...new Set(jobs.map(({ cron }) => cron))]

type Tick = { cron: string; scheduledTime: number }

/** Runs the jobs of one cron expression, each under its own guard; one that fails does not stop the others. */
export async function tick(ctx: () => Ctx, { cron, scheduledTime }: Tick): Promise<void> {
  const due = jobs.filter((job) => job.cron === cron)
  if (due.length === 0) throw new Error(`No job has the cron expression ${cron}`)
  const slot = slotOf(scheduledTime)
  const runs = await Promise.allSettled(due.map((job) => runJob(ctx(), job, { slot, trigger: 'cron' })))
  const failed = runs.flatMap((run, at) => (hasFailed(run) ? [due[at]?.name] : []))
  if (failed.length > 0) throw new Error(`Jobs failed: ${failed.join(', ')}`)
}

function hasFailed(run: PromiseSettledResult<JobRun>): boolean {
  return run.status === 'rejected' || (run.value.ran && run.value.outcome === 'failed')
}
