import { sql } from 'drizzle-orm'
import { actorOf } from '../../core/caller.ts'
import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { noteAction } from '../../core/note-action.ts'
import { callerScope } from '../greenhouses/scope.ts'
import type { AckAlert, Alert } from './contract.ts'
import { showAlert } from './show.ts'

/** The first acknowledgement stands. Null: the caller has no such alert. */
export function acknowledgeAlert(
  ctx: Ctx,
  { id, ack: { note } }: { id: number; ack: AckAlert },
): Promise<Alert | null> {
  return effect(
    ctx,
    named('fleet.acknowledge-alert')`
with a as (
  update fleet.alerts
  set
    acked_at = coalesce(acked_at, now()),
    acked_by = coalesce(acked_by, ${actorOf(ctx)}),
    note = case when acked_at is null then ${note ?? null}::text else note end
  where id = ${id}
    and raised_at is not null
  returning *
),
-- The first acknowledgement only.
acked as (
  select * from a where acked_at = now()
),
noted as (${noteAction(ctx, {
      action: 'alert.acknowledge',
      from: 'acked',
      subject: sql`kind || ':' || id`,
      reason: sql`note`,
      detail: sql`jsonb_build_object('subject', subject)`,
    })}
)
select ${answer(sql`(select ${showAlert()} from a)`)}`,
    callerScope(ctx),
  )
}
