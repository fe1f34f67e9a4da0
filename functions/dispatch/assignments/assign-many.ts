import { type SQL, sql } from 'drizzle-orm'
import { firstFree, thisOne } from '../../core/claim.ts'
import type { Ctx, Principal } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { recordEvent } from '../events/record.ts'
import { leaseSeconds } from '../rules.ts'

type Request = {
  /** Null means the oldest available orders. */
  orderIds: number[] | null
  limit: number
  /** Null means all available couriers. */
  courierIds: number[] | null
}

type Lease = { expiresAt: string; fence: number }
export type AssignedOne = { orderId: number } & ({ ok: true; courierId: number; lease: Lease } | Refused)

/** Assigns many orders to many couriers by distance and load, and answers for each order. */
export async function assignOrders(ctx: Ctx, request: Request): Promise<AssignedOne[]> {
  const { items } = await effect<{ items: AssignedOne[] }>(ctx, assignManyStatement(ctx.principal, request))
  return items
}

/** Couriers per statement: it locks each of them and compares each order with each courier. */
const courierLimit = 200

export function assignManyStatement(
  principal: Principal | null,
  { orderIds, limit, courierIds }: Request,
): Statement {
  const among = (column: SQL, ids: number[] | null) =>
    ids === null ? sql`true` : sql`${column} = any (${sql.param(ids)}::bigint[])`
  // Race: single claims of the same orders and by the same couriers. The statement skips locked orders. It locks
  // couriers after the orders, in the order of their ids, and plans with the capacity they have under the lock.
  return named('dispatch.assign-many')`
with wanted as ${firstFree(
    sql`select o.id, o.boxes_count, o.pickup_lat, o.pickup_lng
  from dispatch.orders o
  where o.status = 'new'
    and o.courier_id is null
    and ${among(sql`o.id`, orderIds)}
  order by o.id`,
    limit,
  )},
free as ${thisOne(sql`
  select c.id, c.capacity_boxes - c.held_boxes as room, c.held_boxes, c.last_lat, c.last_lng
  from dispatch.couriers c
  where c.available
    and c.held_boxes < c.capacity_boxes
    and ${among(sql`c.id`, courierIds)}
    and exists (select from wanted)
  order by c.id
  limit ${courierLimit}`)},
plan as materialized (
  select p.order_id, p.courier_id
  from (
    select array_agg(id order by id) as ids, array_agg(boxes_count order by id) as boxes,
      array_agg(pickup_lat order by id) as lats, array_agg(pickup_lng order by id) as lngs
    from wanted
  ) o,
  (
    select array_agg(id order by id) as ids, array_agg(room order by id) as rooms, array_agg(held_boxes order by id) as loads,
      array_agg(last_lat order by id) as lats, array_agg(last_lng order by id) as lngs
    from free
  ) c,
  dispatch.plan_assignments(o.ids, o.boxes, o.lats, o.lngs, c.ids, c.rooms, c.loads, c.lats, c.lngs) p
),
weighed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes + p.boxes
  from (
    select plan.courier_id, sum(wanted.boxes_count)::int as boxes
    from plan
    join wanted on wanted.id = plan.order_id
    group by plan.courier_id
  ) p
  where c.id = p.courier_id
),
moved as (
  update dispatch.orders o
  set status = 'assigned',
      courier_id = plan.courier_id,
      assigned_at = now(),
      lease_expires_at = now() + make_interval(secs => ${leaseSeconds}),
      fence = o.fence + 1,
      version = o.version + 1
  from plan
  where o.id = plan.order_id
  returning o.*
),
logged as (${recordEvent({ type: 'assigned', of: 'moved', from: sql`'new'`, by: principal })}),
input as (
  ${orderIds === null ? sql`select id, id as at from wanted` : sql`select id, min(at) as at from unnest(${sql.param(orderIds)}::bigint[]) with ordinality as a (id, at) group by id`}
)
select ${answer(sql`jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object('orderId', input.id) || case
  when moved.id is not null
    then jsonb_build_object('ok', true, 'courierId', moved.courier_id, 'lease',
      jsonb_build_object('expiresAt', core.iso(moved.lease_expires_at), 'fence', moved.fence))
  when wanted.id is not null
    then jsonb_build_object('ok', false, 'reason', 'no_courier')
  when o.id is null
    then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such order')
  when o.status = 'new'
    then jsonb_build_object('ok', false, 'reason', 'order_busy', 'retryAfter', 1)
  when o.status in ('canceled', 'failed', 'returned')
    then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', o.status, 'to', 'assigned')
  else jsonb_build_object('ok', false, 'reason', 'order_taken')
end order by input.at), '[]'::jsonb))`)}
from input
left join moved on moved.id = input.id
left join wanted on wanted.id = input.id
left join dispatch.orders o on o.id = input.id`
}
