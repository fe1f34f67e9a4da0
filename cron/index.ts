import type { Ctx } from '../functions/core/context.ts'
import { type Job, type JobRun, runJob } from '../functions/core/job.ts'
import { slotOf } from '../functions/core/once.ts'
import { modules } from '../functions/modules.ts'
import { clicksJobs } from './clicks.ts'
import { coreJobs } from './core.ts'
import { dispatchJobs } from './dispatch.ts'
import { fleetJobs } from './fleet.ts'
import { ledgerJobs } from './ledger.ts'
import { opsJobs } from './ops.ts'
import { spaceJobs } from './space.ts'
import { webhooksJobs } from './webhooks.ts'

const outgoing = modules.flatMap(({ outgoing = [] }) => outgoing)

export const jobs: readonly Job[] = [
  ...coreJobs,
  ...webhooksJobs(outgoing),
  ...dispatchJobs,
  ...ledgerJobs,
  ...spaceJobs,
  ...clicksJobs,
  ...opsJobs(() => watches),
  // Some of these take half of a minute, in which others would wait for a free lane.
  ...fleetJobs,
]

const watches = modules.flatMap(({ watch }) => watch?.({ jobs }) ?? [])

/**
 * How many jobs of a tick run at once. Cloudflare allows an invocation six open connections, and a job may need two.
 */
export const jobsAtOnce = 3

/** The expressions that wrangler.toml must name; Cloudflare passes back the very string. */
export const crons: readonly string[] = [...new Set(jobs.map(({ cron }) => cron))]

type Tick = { cron: string; scheduledTime: number }

/**
 * Runs the due jobs of a tick, a few at a time, each under its own guard. A job that fails does not stop the others.
 */
export async function tick(ctx: () => Ctx, { cron, scheduledTime }: Tick, all = jobs): Promise<void> {
  const due = all.filter((job) => job.cron === cron)
  if (due.length === 0) throw new Error(`No job has the cron expression ${cron}`)
  const slot = slotOf(scheduledTime)
  const waiting = due.values()
  const failed: string[] = []
  const lane = async () => {
    for (const job of waiting)
      if (await hasFailed(runJob(ctx(), job, { slot, trigger: 'cron' }))) failed.push(job.name)
  }
  await Promise.all(Array.from({ length: jobsAtOnce }, lane))
  if (failed.length > 0) throw new Error(`Jobs failed: ${failed.join(', ')}`)
}

async function hasFailed(run: Promise<JobRun>): Promise<boolean> {
  try {
    const done = await run
    return done.ran && done.outcome === 'failed'
  } catch {
    return true
  }
}
