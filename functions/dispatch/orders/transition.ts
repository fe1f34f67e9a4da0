import { type SQL, sql } from 'drizzle-orm'
import type { OrderEventType, OrderStatus } from '../../../schema/dispatch/states.ts'
import { thisOne } from '../../core/claim.ts'
import type { Ctx, Principal } from '../../core/context.ts'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { recordEvent } from '../events/record.ts'
import { resolveOrder, type Transitioned } from './resolve.ts'
import { showOrder } from './show.ts'
import { visibleTo } from './visible.ts'

/** One transition of an order by its store or an admin, independent of its holder. */
export type StoreTransition = {
  orderId: number
  type: OrderEventType
  from: readonly OrderStatus[]
  to: OrderStatus
  /** Columns that change with the status. */
  set: SQL
  /** The courier no longer holds the boxes. */
  frees?: boolean
  reason?: string | undefined
}

export function transitionOrder(ctx: Ctx, transition: StoreTransition): Promise<Transitioned> {
  return resolveOrder(ctx, transitionStatement(ctx.principal, transition))
}

export function transitionStatement(principal: Principal | null, transition: StoreTransition): Statement {
  const { orderId, type, from, to, set, frees = false, reason } = transition
  // Race: a cancel against a delivery, or a reopen against a return. Each locks the order's row with a status condition
  // that the other makes false. As in every statement, the order is locked before the courier.
  return named('dispatch.transition-order')`
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
    and ${frees}
),
moved as (
  update dispatch.orders o
  set status = ${to},
      ${set},
      version = o.version + 1
  from wanted
  where o.id = wanted.id
  returning o.*, wanted.status as from_status, wanted.courier_id as former_courier_id
),
logged as (${recordEvent({
    type,
    of: 'moved',
    from: sql`moved.from_status`,
    by: principal,
    courier: sql`moved.former_courier_id`,
    data: sql`jsonb_strip_nulls(jsonb_build_object('reason', ${reason ?? null}::text))`,
  })})
select ${answer(sql`case
  when exists (select from moved)
    then (select jsonb_build_object('ok', true, 'order', ${showOrder('o', principal)}) from moved o)
  when seen.status is null
    then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such order')
  when seen.status <> all (${sql.param(from)}::text[])
    then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', seen.status, 'to', ${to}::text)
  else jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
end`)}
from (select) as always
left join seen on true`
}
