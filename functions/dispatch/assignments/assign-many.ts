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

/** So many couriers with room are compared with all orders; of more, those that are cheapest for some order. */
const courierLimit = 200
/** So many of those with the least load are compared: each is weighed for each place and size of order. */
const ableLimit = 2_000
/** Couriers that a statement locks at most. */
const lockLimit = 1_000

export function assignManyStatement(
  principal: Principal | null,
  { orderIds, limit, courierIds }: Request,
): Statement {
  const among = (column: SQL, ids: number[] | null) =>
    ids === null ? sql`true` : sql`${column} = any (${sql.param(ids)}::bigint[])`
  // Race: single claims of the same orders and by the same couriers. The statement skips locked orders. It locks
  // couriers after the orders, in the order of their ids, and plans with the capacity they have under the lock.
  // Each order that is planned makes one courier dearer. So the plan of n orders needs the n cheapest for each of them, and
  // as many more as gave an order back; a courier further down has n cheaper ones before it.
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
able as materialized (
  select c.id, c.capacity_boxes - c.held_boxes as room, 0.5::float8 * c.held_boxes as load, c.last_lat as lat,
    c.last_lng as lng
  from dispatch.couriers c
  where c.available
    and c.held_boxes < c.capacity_boxes
    and ${among(sql`c.id`, courierIds)}
    and exists (select from wanted)
  order by c.held_boxes, c.id
  limit ${ableLimit}
),
ranked as (
  select k.id, k.nth
  from (select distinct boxes_count, pickup_lat, pickup_lng from wanted) o
  cross join lateral (
    select a.id, row_number() over (order by a.load + coalesce(12742 * asin(sqrt(least(1,
      sin(radians(a.lat - o.pickup_lat) / 2) ^ 2
        + cos(radians(a.lat)) * cos(radians(o.pickup_lat)) * sin(radians(a.lng - o.pickup_lng) / 2) ^ 2
    ))), 10), a.id) as nth
    from able a
    where a.room >= o.boxes_count
  ) k
  where (select count(*) from able) > ${courierLimit}
    and k.nth <= (select count(*) from wanted)
      + (select count(*) from dispatch.order_exclusions where order_id in (select id from wanted))
),
compared as materialized (
  select id from able where (select count(*) from able) <= ${courierLimit}
  union all
  (select id from ranked group by id order by min(nth), id limit ${lockLimit})
),
free as ${thisOne(sql`
  select c.id, c.capacity_boxes - c.held_boxes as room, c.held_boxes, c.last_lat, c.last_lng
  from dispatch.couriers c
  where c.id in (select id from compared)
    and c.available
    and c.held_boxes < c.capacity_boxes
  order by c.id`)},
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
