import { type SQL, sql } from 'drizzle-orm'
import { thisOne } from '../core/claim.ts'
import type { Ctx, Principal } from '../core/context.ts'
import type { Refused } from '../core/errors.ts'
import { answer, effect } from '../core/idempotency.ts'
import { hasSqlstate } from '../core/sqlstate.ts'
import type { Order } from './contract.ts'
import { recordEvent } from './record.ts'
import { transitions } from './rules.ts'
import { showOrder } from './show.ts'
import { visibleTo } from './visible.ts'

type Cancel = { orderId: number; reason?: string | undefined }
type Canceled = { ok: true; order: Order } | Refused

/** Ends an order that is not delivered yet, and frees its courier. */
export async function cancelOrder(ctx: Ctx, cancel: Cancel): Promise<Canceled> {
  try {
    let canceled = await effect<Canceled>(ctx, cancelStatement(ctx.principal, cancel))
    if (!canceled.ok && 'again' in canceled)
      canceled = await effect<Canceled>(ctx, cancelStatement(ctx.principal, cancel))
    return !canceled.ok && 'again' in canceled ? { ok: false, reason: 'order_busy', retryAfter: 1 } : canceled
  } catch (error) {
    if (hasSqlstate(error, '55P03')) return { ok: false, reason: 'order_busy', retryAfter: 1 }
    throw error
  }
}

export function cancelStatement(principal: Principal | null, { orderId, reason }: Cancel): SQL {
  const { from, to } = transitions.cancel
  // Race: a cancel against a delivery. Both lock the order's row under a state that the other one ends.
  return sql`
with seen as materialized (
  select o.status
  from dispatch.orders o
  where o.id = ${orderId}
    and ${visibleTo(principal)}
),
wanted as ${thisOne(sql`
  select o.id, o.status, o.courier_id, o.boxes_count
  from dispatch.orders o
  where o.id = ${orderId}
    and o.status = any (${sql.param(from)}::text[])
    and ${visibleTo(principal)}`)},
freed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes - wanted.boxes_count
  from wanted
  where c.id = wanted.courier_id
),
canceled as (
  update dispatch.orders o
  set status = ${to},
      canceled_at = now(),
      lease_expires_at = null,
      version = o.version + 1
  from wanted
  where o.id = wanted.id
  returning o.*, wanted.status as from_status
),
logged as (${recordEvent({
    type: 'canceled',
    of: 'canceled',
    from: sql`canceled.from_status`,
    by: principal,
    data: sql`jsonb_strip_nulls(jsonb_build_object('reason', ${reason ?? null}::text))`,
  })})
select ${answer(sql`case
  when exists (select from canceled)
    then (select jsonb_build_object('ok', true, 'order', ${showOrder('o', principal)}) from canceled o)
  when seen.status is null
    then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such order')
  when seen.status <> all (${sql.param(from)}::text[])
    then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', seen.status, 'to', ${to}::text)
  else jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
end`)}
from (select) as always
left join seen on true`
}
