import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { noteAction } from '../../core/note-action.ts'

/** Ends the pause of a job. False if it was not paused. */
export async function resumeJob(ctx: Ctx, job: string): Promise<boolean> {
  const ended = await ctx.db.query(named('ops.resume-job')`
with ended as (
  update core.job_pauses
  set ended_at = now()
  where job = ${job}
    and until > now()
    and ended_at is null
  returning job
),
noted as (${noteAction(ctx, {
    action: 'job.resume',
    from: 'ended',
    subject: sql`'job:' || job`,
  })}
)
select from ended`)
  return ended.length > 0
}
