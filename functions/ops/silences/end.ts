import { sql } from 'drizzle-orm'
import { actorOf } from '../../core/caller.ts'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { noteAction } from '../../core/note-action.ts'

/** Ends a silence before its time. False if there is none in force. */
export async function endSilence(ctx: Ctx, id: number): Promise<boolean> {
  const ended = await ctx.db.query(named('ops.end-silence')`
with ended as (
  update core.silences
  set ended_at = now(), ended_by = ${actorOf(ctx)}
  where id = ${id}
    and ended_at is null
    and (until is null or until > now())
  returning id, rule, labels
),
noted as (${noteAction(ctx, {
    action: 'silence.end',
    from: 'ended',
    subject: sql`'silence:' || id`,
    detail: sql`jsonb_build_object('rule', rule, 'labels', labels)`,
  })}
)
select from ended`)
  return ended.length > 0
}
