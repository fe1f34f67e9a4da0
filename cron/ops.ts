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
    // The values are read before the lock is taken, so the statement that holds it is short.
    run: async (ctx, job, fired) => {
      const measurement = await measureRules(ctx, watches())
      const judged = asStatement(() => judgeValues(ctx, measurement, fired.slot))
      return judged(ctx, job, fired)
    },
  },
]
