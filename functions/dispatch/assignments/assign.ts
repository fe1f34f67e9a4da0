import { sql } from 'drizzle-orm'
import { thisOne } from '../../core/claim.ts'
import type { Ctx, Principal } from '../../core/context.ts'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { recordEvent } from '../events/record.ts'
import { resolveOrder, type Transitioned } from '../orders/resolve.ts'
import { showOrder } from '../orders/show.ts'
import { leaseSeconds, transitions } from '../rules.ts'

type Assign = { orderId: number; courierId: number }

/** Assigns the order to this courier, also from another courier, until the boxes are picked up. */
export function assignOrder(ctx: Ctx, assign: Assign): Promise<Transitioned> {
  return resolveOrder(ctx, assignStatement(ctx.principal, assign))
}

export function assignStatement(principal: Principal | null, { orderId, courierId }: Assign): Statement {
  const { from, to } = transitions.assign
  // Race: a reassignment against the holder's accept, another assignment, or claims of the same courier. The statement
  // locks the order, then both couriers in the order of their ids, and reads their rows under the locks.
  // No lock covers exclusions: if the order changed during the wait, `seen` is stale and the answer is `again`.
  return named('dispatch.assign')`
with seen as materialized (
  select o.status, o.version, o.courier_id, x.order_id is not null as excluded
  from dispatch.orders o
  left join dispatch.order_exclusions x on x.order_id = o.id and x.courier_id = ${courierId}
  where o.id = ${orderId}
),
wanted as ${thisOne(sql`
  select o.id, o.status, o.courier_id, o.boxes_count, o.version
  from dispatch.orders o
  where o.id = ${orderId}
    and o.status = any (${sql.param(from)}::text[])
    and o.courier_id is distinct from ${courierId}
    and not (select excluded from seen)`)},
couriers as ${thisOne(sql`
  select c.id, c.available, c.capacity_boxes - c.held_boxes as room
  from dispatch.couriers c
  where c.id = ${courierId} and exists (select from wanted)
    or c.id = (select courier_id from wanted)
  order by c.id`)},
carrier as (
  select couriers.id
  from couriers, wanted, seen
  where couriers.id = ${courierId}
    and couriers.available
    and wanted.boxes_count <= couriers.room
    and wanted.version = seen.version
),
weighed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes + case when c.id = ${courierId} then wanted.boxes_count else -wanted.boxes_count end
  from wanted, carrier
  where c.id in (select id from couriers)
),
moved as (
  update dispatch.orders o
  set status = ${to},
      courier_id = carrier.id,
      assigned_at = now(),
      accepted_at = null,
      lease_expires_at = now() + make_interval(secs => ${leaseSeconds}),
      fence = o.fence + 1,
      version = o.version + 1
  from wanted, carrier
  where o.id = wanted.id
  returning o.*, wanted.status as from_status, wanted.courier_id as former_courier_id
),
logged as (${recordEvent({
    type: sql`case when moved.former_courier_id is null then 'assigned' else 'reassigned' end`,
    of: 'moved',
    from: sql`moved.from_status`,
    by: principal,
    data: sql`jsonb_strip_nulls(jsonb_build_object('formerCourierId', moved.former_courier_id))`,
  })})
select ${answer(sql`case
  when exists (select from moved)
    then (select jsonb_build_object('ok', true, 'order', ${showOrder('o', principal)}) from moved o)
  when seen.status is null
    then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such order')
  when wanted.version <> seen.version
    then jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
  when seen.status <> all (${sql.param(from)}::text[])
    then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', seen.status, 'to', ${to}::text)
  when c.id is null
    then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such courier')
  when seen.courier_id = ${courierId}
    then jsonb_build_object('ok', false, 'reason', 'order_taken', 'detail', 'This courier has it already')
  when seen.excluded
    then jsonb_build_object('ok', false, 'reason', 'excluded')
  when wanted.id is null
    then jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
  when not c.available
    then jsonb_build_object('ok', false, 'reason', 'courier_unavailable')
  when c.held_boxes + wanted.boxes_count > c.capacity_boxes
    then jsonb_build_object('ok', false, 'reason', 'courier_at_capacity', 'capacityBoxes', c.capacity_boxes)
  else jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
end`)}
from (select) as always
left join seen on true
left join wanted on true
left join dispatch.couriers c on c.id = ${courierId}`
}
