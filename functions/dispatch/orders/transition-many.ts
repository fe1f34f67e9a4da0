import { sql } from 'drizzle-orm'
import { type OrderStatus } from '../../../schema/dispatch/states.ts'
import { firstFree, thisOne } from '../../core/claim.ts'
import type { Ctx, Principal } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { recordEvent } from '../events/record.ts'
import { transitions } from '../rules.ts'

export type Step = 'accept' | 'pickup' | 'deliver'
type Batch = { step: Step; orders: { orderId: number; fence: number }[] }
export type TransitionedOne = { orderId: number } & ({ ok: true; status: OrderStatus } | Refused)

/** Applies one step to many orders and answers for each. A courier must hold them; an admin need not. */
export async function transitionOrders(ctx: Ctx, batch: Batch): Promise<TransitionedOne[]> {
  const { items } = await effect<{ items: TransitionedOne[] }>(
    ctx,
    transitionManyStatement(ctx.principal, batch),
  )
  return items
}

const steps = {
  accept: { type: 'accepted', set: sql`accepted_at = now(), lease_expires_at = null`, frees: false },
  pickup: { type: 'picked_up', set: sql`picked_up_at = now()`, frees: false },
  deliver: { type: 'delivered', set: sql`delivered_at = now()`, frees: true },
} as const

export function transitionManyStatement(principal: Principal | null, { step, orders }: Batch): Statement {
  const { from, to } = transitions[step]
  const { type, set, frees } = steps[step]
  const held = principal?.role === 'courier' ? sql`o.courier_id = ${principal.id}::bigint` : sql`true`
  // Race: the same as for one transition. The statement skips locked orders and answers them as busy, so it never waits
  // for one order while it holds others. It locks couriers after the orders, in the order of their ids.
  return named('dispatch.transition-many')`
with input as materialized (
  select a.id, a.fence, a.at
  from unnest(
    ${sql.param(orders.map(({ orderId }) => orderId))}::bigint[],
    ${sql.param(orders.map(({ fence }) => fence))}::bigint[]
  ) with ordinality as a (id, fence, at)
),
wanted as ${firstFree(
    sql`select o.id, o.status, o.courier_id, o.boxes_count
  from dispatch.orders o
  join input on input.id = o.id and input.fence = o.fence
  where o.status = any (${sql.param(from)}::text[])
    and (o.lease_expires_at is null or o.lease_expires_at > now())
    and ${held}
  order by o.id`,
    orders.length,
  )},
carriers as ${thisOne(sql`
  select c.id
  from dispatch.couriers c
  where ${frees}
    and c.id in (select courier_id from wanted)
  order by c.id`)},
freed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes - handed.boxes
  from (select courier_id, sum(boxes_count)::int as boxes from wanted group by courier_id) handed
  where c.id = handed.courier_id
    and c.id in (select id from carriers)
),
moved as (
  update dispatch.orders o
  set status = ${to},
      ${set},
      version = o.version + 1
  from wanted
  where o.id = wanted.id
  returning o.*, wanted.status as from_status
),
logged as (${recordEvent({ type, of: 'moved', from: sql`moved.from_status`, by: principal })})
select ${answer(sql`jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object('orderId', input.id) || case
  when moved.id is not null
    then jsonb_build_object('ok', true, 'status', moved.status)
  when o.id is null or (${held}) is not true
    then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'You hold no such order')
  when o.fence <> input.fence
    then jsonb_build_object('ok', false, 'reason', 'stale_fence')
  when o.status <> all (${sql.param(from)}::text[])
    then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', o.status, 'to', ${to}::text)
  when o.lease_expires_at <= now()
    then jsonb_build_object('ok', false, 'reason', 'lease_expired')
  else jsonb_build_object('ok', false, 'reason', 'order_busy', 'retryAfter', 1)
end order by input.at), '[]'::jsonb))`)}
from input
left join moved on moved.id = input.id
left join dispatch.orders o on o.id = input.id`
}
