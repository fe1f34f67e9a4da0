import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { noteAction } from '../../core/note-action.ts'

type Cancel = { pid: number; xactStart: string }
type Outcome = { outcome: 'cancelled' | 'gone' | 'other_role' }

/** Cancels the statement of a session of the Worker's own role. */
export async function cancelStatement(ctx: Ctx, { pid, xactStart }: Cancel): Promise<Outcome['outcome']> {
  // Race: the transaction may end and its pid may be used again. Only the transaction that the caller saw is cancelled.
  const { outcome } = await effect<Outcome>(
    ctx,
    named('ops.cancel-session')`
with target as (
  select s.pid, s.own
  from core.show_sessions() s
  where s.pid = ${pid}
    and s.transaction_at = ${xactStart}::timestamptz
),
cancelled as (
  select pid, pg_cancel_backend(pid) as sent from target where own
),
noted as (${noteAction(ctx, {
      action: 'lock.cancel',
      from: 'cancelled',
      subject: sql`'session:' || pid`,
      detail: sql`jsonb_build_object('xactStart', ${xactStart}::text, 'sent', sent)`,
    })}
)
select ${answer(sql`jsonb_build_object('outcome', case
  when exists (select from cancelled where sent) then 'cancelled'
  when exists (select from target where not own) then 'other_role'
  else 'gone'
end)`)}`,
  )
  return outcome
}
