import { sql } from 'drizzle-orm'
import { effectAgain } from '../../core/again.ts'
import { thisOne } from '../../core/claim.ts'
import type { Ctx, Principal } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { hot } from '../../core/hot.ts'
import { answer } from '../../core/idempotency.ts'
import type { Statement } from '../../core/named.ts'
import { recordEvent } from '../events/record.ts'
import type { Order } from '../orders/contract.ts'
import { showOrder } from '../orders/show.ts'
import { leaseSeconds, transitions } from '../rules.ts'
import { returnExpired } from './return-expired.ts'

/** With `accept` the order is accepted at once, without a lease between. */
type Claim = { orderId: number; courierId: number; accept?: boolean }
type Claimed = { ok: true; order: Order } | Refused

/**
 * Assigns the order to this courier or answers why not. Exactly one of many concurrent claims wins. A courier that
 * repeats its claim gets the order that it holds. A loser learns nothing about an order that it may not read.
 */
export async function claimOrder(ctx: Ctx, claim: Claim): Promise<Claimed> {
  // The order or courier changed between the statement's snapshot and its lock, or the order has an expired lease.
  const claimed = await effectAgain<Claimed>(ctx, {
    statement: claimStatement(ctx.principal, claim),
    before: [returnExpired({ orderId: claim.orderId, claimer: claim.courierId })],
    busyOnLockTimeout: true,
  })
  return claimed ?? { ok: false, reason: 'order_busy', retryAfter: 1 }
}

export function claimStatement(principal: Principal | null, claim: Claim): Statement {
  const { orderId, courierId, accept = false } = claim
  const { to } = accept ? transitions.take : transitions.claim
  // Race: many couriers want one order, and one courier wants many orders. Every statement locks the order before the
  // courier. The capacity is a condition on the courier's row, which Postgres reads again after the lock wait.
  // The order may have become this courier's own during the wait: then the claim is a repetition, and not lost.
  // No lock covers exclusions: if the order changed during the wait, `seen` is stale and the answer is `again`.
  const statement = sql`
with seen as materialized (
  select o.status, o.version, o.lease_expires_at, x.order_id is not null as excluded,
    o.courier_id is not distinct from ${courierId}::bigint as own
  from dispatch.orders o
  left join dispatch.order_exclusions x on x.order_id = o.id and x.courier_id = ${courierId}
  where o.id = ${orderId}
),
wanted as ${thisOne(sql`
  select o.*
  from dispatch.orders o
  where o.id = ${orderId}
    and (o.status = 'new' or o.courier_id = ${courierId} and (o.status = 'accepted' or o.lease_expires_at > now()))
    and not (select excluded from seen)`)},
carrier as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes + wanted.boxes_count
  from wanted, seen
  where wanted.status = 'new'
    and c.id = ${courierId}
    and c.available
    and c.held_boxes + wanted.boxes_count <= c.capacity_boxes
    and wanted.version = seen.version
  returning c.id
),
claimed as (
  update dispatch.orders o
  set status = ${to},
      courier_id = carrier.id,
      assigned_at = now(),
      accepted_at = case when ${accept}::boolean then now() end,
      lease_expires_at = case when not ${accept}::boolean then now() + make_interval(secs => ${leaseSeconds}) end,
      fence = o.fence + 1,
      version = o.version + 1
  from wanted, carrier
  where o.id = wanted.id
  returning o.*
),
logged as (${recordEvent({ type: 'claimed', of: 'claimed', from: sql`'new'`, by: principal })}),
decided as materialized (
  select case
    when exists (select from claimed)
      then (select jsonb_build_object('ok', true, 'order', ${showOrder('o', principal)}) from claimed o)
    when seen.status is null
      then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such order')
    when wanted.status = ${to}
      then (select jsonb_build_object('ok', true, 'order', ${showOrder('o', principal)}) from wanted o)
    when wanted.status <> 'new'
      then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', wanted.status, 'to', ${to}::text)
    when wanted.version <> seen.version or seen.status = 'assigned' and seen.lease_expires_at <= now()
      then jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
    when seen.own
      then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', seen.status, 'to', ${to}::text)
    when seen.excluded
      then jsonb_build_object('ok', false, 'reason', 'excluded')
    when wanted.id is null
      then jsonb_build_object('ok', false, 'reason', 'order_taken')
    when c.available is not true
      then jsonb_build_object('ok', false, 'reason', 'courier_unavailable')
    when c.held_boxes + wanted.boxes_count > c.capacity_boxes
      then jsonb_build_object('ok', false, 'reason', 'courier_at_capacity', 'capacityBoxes', c.capacity_boxes)
    else jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
  end as outcome
  from (select) as always
  left join seen on true
  left join wanted on true
  left join dispatch.couriers c on c.id = ${courierId}
),
lost as (
  insert into dispatch.lost_claims as l (order_id, courier_id)
  select ${orderId}, ${courierId}
  from decided
  where outcome ->> 'reason' = 'order_taken'
  on conflict (order_id, courier_id) do update
  set times = l.times + 1, last_at = now()
)
select ${answer(sql`outcome`)}
from decided`
  return hot('dispatch.claim', statement)
}
