import { sql } from 'drizzle-orm'
import { thisOne } from '../../core/claim.ts'
import type { Ctx, Principal } from '../../core/context.ts'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { recordEvent } from '../events/record.ts'
import { transitions, undoSeconds } from '../rules.ts'
import { resolveOrder, type Transitioned } from './resolve.ts'
import { showOrder } from './show.ts'

/** `by` is null for an admin, who can undo the delivery of any courier. */
type Undo = { orderId: number; by: { courierId: number; fence: number } | null; reason: string }

/** Undoes a delivery before other modules receive it; the courier holds the boxes again. */
export function undoDelivery(ctx: Ctx, undo: Undo): Promise<Transitioned> {
  return resolveOrder(ctx, undoStatement(ctx.principal, undo))
}

export function undoStatement(principal: Principal | null, { orderId, by, reason }: Undo): Statement {
  const { from, to } = transitions.undo
  const undoable = sql`o.delivered_at > now() - make_interval(secs => ${undoSeconds})`
  // Race: an undo against the settlement, which emits the delivery. Both lock the order's row, this one only while it
  // is not settled. Only a delivered order has delivered_at, so its time is also its status. The courier may have filled up since, so a condition on its locked row checks the capacity.
  return named('dispatch.undo')`
with seen as materialized (
  select o.status, o.courier_id, o.fence, o.settled_at is null and ${undoable} as undoable
  from dispatch.orders o
  where o.id = ${orderId}
),
wanted as ${thisOne(sql`
  select o.id, o.courier_id, o.boxes_count
  from dispatch.orders o
  where o.id = ${orderId}
    and o.settled_at is null
    and ${undoable}
    and ${by === null ? sql`true` : sql`o.courier_id = ${by.courierId} and o.fence = ${by.fence}`}`)},
carrier as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes + wanted.boxes_count
  from wanted
  where c.id = wanted.courier_id
    and c.held_boxes + wanted.boxes_count <= c.capacity_boxes
  returning c.id
),
moved as (
  update dispatch.orders o
  set status = ${to},
      delivered_at = null,
      version = o.version + 1
  from wanted, carrier
  where o.id = wanted.id
  returning o.*
),
logged as (${recordEvent({
    type: 'delivery_undone',
    of: 'moved',
    from: sql`'delivered'`,
    by: principal,
    data: sql`jsonb_build_object('reason', ${reason}::text)`,
  })})
select ${answer(sql`case
  when exists (select from moved)
    then (select jsonb_build_object('ok', true, 'order', ${showOrder('o', principal)}) from moved o)
  when seen.status is null or ${by !== null} and seen.courier_id is distinct from ${by?.courierId ?? null}::bigint
    then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such order')
  when ${by !== null} and seen.fence <> ${by?.fence ?? null}::bigint
    then jsonb_build_object('ok', false, 'reason', 'stale_fence')
  when seen.status <> all (${sql.param(from)}::text[])
    then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', seen.status, 'to', ${to}::text)
  when not seen.undoable
    then jsonb_build_object('ok', false, 'reason', 'delivery_final')
  when exists (select from wanted)
    then jsonb_build_object('ok', false, 'reason', 'courier_at_capacity')
  else jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
end`)}
from (select) as always
left join seen on true`
}
