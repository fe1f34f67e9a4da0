import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'

/** Ends the pause of a job. False if it was not paused. */
export async function resumeJob(ctx: Ctx, job: string): Promise<boolean> {
  const ended = await ctx.db.query(named('ops.resume-job')`
update core.job_pauses
set ended_at = now()
where job = ${job}
  and until > now()
  and ended_at is null
returning 1`)
  return ended.length > 0
}
