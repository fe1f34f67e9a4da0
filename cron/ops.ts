import { asStatement, type Job } from '../functions/core/job.ts'
import type { Watch } from '../functions/core/watch.ts'
import { evaluatorJob, judgeValues } from '../functions/ops/alerts/judge.ts'
import { measureRules } from '../functions/ops/alerts/measure.ts'
import { locks } from '../functions/registry/locks.ts'

/** `watches` are those of all rows. */
export const opsJobs = (watches: () => readonly Watch[]): Job[] => [
  {
    name: evaluatorJob,
    cron: '* * * * *',
    lock: locks.opsAlerts,
    // The values are read before the lock is taken, so the statement that holds it is short. They count as of the
    // slot: ticks come a little early or late, and an alert that lasts a minute must fire at the second one.
    run: async (ctx, job, fired) => {
      const measurement = await measureRules(ctx, watches())
      const at = fired.slot ?? ctx.now()
      const judged = asStatement(() => judgeValues({ ...ctx, now: () => at }, measurement, fired.slot))
      return judged(ctx, job, fired)
    },
  },
]
