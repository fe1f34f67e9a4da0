import { sql } from 'drizzle-orm'
import { actorOf } from '../../core/caller.ts'
import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { noteAction } from '../../core/note-action.ts'
import type { Pause } from './contract.ts'

type NewPause = { job: string; until: string; reason: string }
type Outcome = { ok: true; pause: Pause } | { ok: false; reason: 'outside' }

/** Keeps a job's cron runs from starting until a moment. A pause that was in force ends, so the newest one holds. */
export async function pauseJob(ctx: Ctx, { job, until, reason }: NewPause): Promise<Outcome> {
  // Race: of two pauses at once both may hold; the job stays paused until the later one, and ending it ends both.
  return effect<Outcome>(
    ctx,
    named('ops.pause-job')`
with wanted as (
  select ${until}::timestamptz as until
  where ${until}::timestamptz > now()
    and ${until}::timestamptz <= now() + interval '24 hours'
),
ended as (
  update core.job_pauses
  set ended_at = now()
  where job = ${job}
    and until > now()
    and ended_at is null
    and exists (select from wanted)
),
paused as (
  insert into core.job_pauses (job, until, reason, by)
  select ${job}, until, ${reason}, ${actorOf(ctx)}
  from wanted
  returning job, since, until, reason, by
),
noted as (${noteAction(ctx, {
      action: 'job.pause',
      from: 'paused',
      subject: sql`'job:' || job`,
      reason: sql`reason`,
      detail: sql`jsonb_build_object('until', core.iso(until))`,
    })}
)
select ${answer(sql`case
  when exists (select from paused) then (
    select jsonb_build_object('ok', true, 'pause', jsonb_build_object(
      'since', core.iso(since), 'until', core.iso(until), 'reason', reason, 'by', by
    ))
    from paused
  )
  else jsonb_build_object('ok', false, 'reason', 'outside')
end`)}`,
  )
}
