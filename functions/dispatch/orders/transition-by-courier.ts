import { type SQL, sql } from 'drizzle-orm'
import type { OrderEventType, OrderStatus } from '../../../schema/dispatch/states.ts'
import { thisOne } from '../../core/claim.ts'
import type { Ctx, Principal } from '../../core/context.ts'
import { hot } from '../../core/hot.ts'
import { answer } from '../../core/idempotency.ts'
import type { Statement } from '../../core/named.ts'
import { recordEvent } from '../events/record.ts'
import { resolveOrder, type Transitioned } from './resolve.ts'
import { showOrder } from './show.ts'

/** The order, the courier that holds it, and the fence that it got with the order. */
export type Held = { orderId: number; courierId: number; fence: number }

/** One transition of an order by the courier that holds it. */
export type CourierTransition = Held & {
  type: OrderEventType
  from: readonly OrderStatus[]
  to: OrderStatus
  /** Columns that change with the status. */
  set: SQL
  /** The courier no longer holds the boxes. */
  frees?: boolean
  /** Stored with the event. */
  reason?: string
  /** The courier gives the order back and cannot get it again. */
  excludes?: boolean
}

export function transitionByCourier(ctx: Ctx, transition: CourierTransition): Promise<Transitioned> {
  return resolveOrder(ctx, transitionByCourierStatement(ctx.principal, transition))
}

export function transitionByCourierStatement(
  principal: Principal | null,
  transition: CourierTransition,
): Statement {
  const {
    orderId,
    courierId,
    fence,
    type,
    from,
    to,
    set,
    frees = false,
    reason,
    excludes = false,
  } = transition
  const freed = sql`freed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes - wanted.boxes_count
  from wanted
  where c.id = ${courierId}
),`
  const excluded = sql`excluded as (
  insert into dispatch.order_exclusions (order_id, courier_id, reason)
  select moved.id, ${courierId}, ${reason ?? null}
  from moved
  on conflict do nothing
),`
  // Race: two transitions at once, or one against a cancel, an expiry or a new assignment. The statement locks the
  // order's row with status, holder and fence as conditions; the second transition finds no such row.
  // An assigned order also needs a current lease, because the expiry job may not have run yet.
  const statement = sql`
with seen as materialized (
  select o.status, o.courier_id, o.fence, o.lease_expires_at
  from dispatch.orders o
  where o.id = ${orderId}
),
wanted as ${thisOne(sql`
  select o.id, o.status, o.boxes_count
  from dispatch.orders o
  where o.id = ${orderId}
    and o.courier_id = ${courierId}
    and o.fence = ${fence}
    and o.status = any (${sql.param(from)}::text[])
    and (o.lease_expires_at is null or o.lease_expires_at > now())`)},
${frees ? freed : sql``}
moved as (
  update dispatch.orders o
  set status = ${to},
      ${set},
      version = o.version + 1
  from wanted
  where o.id = wanted.id
  returning o.*, wanted.status as from_status
),
${excludes ? excluded : sql``}
logged as (${recordEvent({
    type,
    of: 'moved',
    from: sql`moved.from_status`,
    by: principal,
    courier: sql`${courierId}::bigint`,
    data: sql`jsonb_strip_nulls(jsonb_build_object('reason', ${reason ?? null}::text))`,
  })})
select ${answer(sql`case
  when exists (select from moved)
    then (select jsonb_build_object('ok', true, 'order', ${showOrder('o', principal)}) from moved o)
  when seen.courier_id is distinct from ${courierId} and not exists (
    select from dispatch.order_events e where e.order_id = ${orderId} and e.courier_id = ${courierId}
  ) then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'You hold no such order')
  when seen.fence <> ${fence} or seen.courier_id <> ${courierId}
    then jsonb_build_object('ok', false, 'reason', 'stale_fence')
  when seen.status <> all (${sql.param(from)}::text[])
    then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', seen.status, 'to', ${to}::text)
  when seen.lease_expires_at <= now()
    then jsonb_build_object('ok', false, 'reason', 'lease_expired')
  else jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
end`)}
from (select) as always
left join seen on true`
  return hot(`dispatch.${type}`, statement)
}
