import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'

/** Ends the pause of a job. False if it was not paused. */
export async function resumeJob(ctx: Ctx, job: string): Promise<boolean> {
  const ended = await ctx.db.query(sql`
update core.job_pauses
set ended_at = now()
where job = ${job}
  and until > now()
  and ended_at is null
returning 1`)
  return ended.length > 0
}
