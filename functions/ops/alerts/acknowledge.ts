import { sql } from 'drizzle-orm'
import { actorOf } from '../../core/caller.ts'
import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { noteAction } from '../../core/note-action.ts'
import type { Rule } from '../../core/watch.ts'
import type { AckAlert, Alert } from './contract.ts'
import { rulesAsRows, showAlert } from './show.ts'

type Given = { id: number; ack: AckAlert }
type Outcome = { ok: true; alert: Alert } | { ok: false; reason: 'not_found' | 'ended' }

/** An acknowledged alert sends no further repetition. The first acknowledgement stands. */
export async function acknowledgeAlert(
  ctx: Ctx,
  rules: readonly Rule[],
  { id, ack: { note } }: Given,
): Promise<Outcome> {
  // Race: two acknowledge at once. The second waits for the row, finds it acknowledged and leaves it as it is.
  return effect<Outcome>(
    ctx,
    named('ops.acknowledge-alert')`
with ${rulesAsRows(rules)},
acked as (
  update core.alerts
  set acked_at = now(), acked_by = ${actorOf(ctx)}, note = ${note}
  where id = ${id}
    and ended_at is null
    and acked_at is null
  returning *
),
noted as (${noteAction(ctx, {
      action: 'alert.acknowledge',
      from: 'acked',
      subject: sql`'alert:' || id`,
      reason: sql`note`,
      detail: sql`jsonb_build_object('rule', rule, 'labels', labels)`,
    })}
)
select ${answer(sql`coalesce(
  (
    select jsonb_build_object('ok', true, 'alert', ${showAlert()})
    from (
      select * from acked
      union all
      select * from core.alerts k where k.id = ${id} and k.ended_at is null and not exists (select from acked)
    ) a
    left join rules r on r.name = a.rule
  ),
  jsonb_build_object('ok', false, 'reason', case
    when exists (select from core.alerts where id = ${id}) then 'ended' else 'not_found'
  end)
)`)}`,
  )
}
