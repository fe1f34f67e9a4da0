import { sql } from 'drizzle-orm'
import { effectAgain } from '../../core/again.ts'
import { firstFree } from '../../core/claim.ts'
import type { Ctx, Principal } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { hot } from '../../core/hot.ts'
import { answer } from '../../core/idempotency.ts'
import type { Statement } from '../../core/named.ts'
import { recordEvent } from '../events/record.ts'
import type { Order } from '../orders/contract.ts'
import { showOrder } from '../orders/show.ts'
import { leaseSeconds, transitions } from '../rules.ts'
import { keepsFrom, returnExpired } from './return-expired.ts'
import { makeSearchStart, type SearchStart } from './search-start.ts'

type Next = { ok: true; order: Order | null; oldest: boolean } | Refused

/** All claims of one isolate share a start; a test brings its own. */
const sharedStart = makeSearchStart()

type ClaimNext = { courierId: number; accept?: boolean; start?: SearchStart }

/**
 * Assigns the nearest order that the courier can carry, or the oldest if its position is unknown; null if there is none.
 * With `accept` the order is accepted at once, without a lease between.
 */
export async function claimNextOrder(ctx: Ctx, claim: ClaimNext): Promise<Next> {
  const { courierId, accept = false, start = sharedStart } = claim
  const from = start.at(ctx.now().getTime())
  // Between the statement's snapshot and its lock, another request filled the courier or took the order. Or no order is
  // new, but one has an expired lease.
  const next = await effectAgain<Next>(ctx, {
    statement: claimNextStatement(ctx.principal, { courierId, accept, from }),
    before: [returnExpired({ claimer: courierId })],
    busyOnLockTimeout: true,
  })
  if (next === null) return { ok: false, reason: 'order_busy', retryAfter: 1 }
  if (next.ok && next.order !== null && next.oldest) start.passed(next.order.id)
  return next
}

type Search = { courierId: number; accept: boolean; from: number }

export function claimNextStatement(principal: Principal | null, search: Search): Statement {
  const { courierId, accept, from } = search
  const { to } = accept ? transitions.take : transitions.claim
  const claimable = sql`o.status = 'new'
    and o.courier_id is null
    and o.boxes_count <= (select room from me)
    and o.id <> all (array(select order_id from dispatch.order_exclusions where courier_id = ${courierId}))`
  // Race: concurrent couriers get different orders, by skip locked. The capacity is a condition on the courier's row, so
  // two requests of one courier cannot both fill it. Every statement locks the order before the courier. No lock covers
  // exclusions: an order that changed between snapshot and lock may have been given back, so the answer is `again`.
  const statement = sql`
with me as materialized (
  select c.available,
    c.capacity_boxes - c.held_boxes as room,
    dispatch.on_sphere(c.last_lat, c.last_lng) as at
  from dispatch.couriers c
  where c.id = ${courierId}
),
nearest as ${firstFree(
    sql`select o.id, o.boxes_count, o.version
  from dispatch.orders o
  where (select available and at is not null from me)
    and o.pickup_lat is not null
    and ${claimable}
  order by dispatch.on_sphere(o.pickup_lat, o.pickup_lng) operator(public.<->) (select at from me)`,
    1,
  )},
oldest as ${firstFree(
    sql`select o.id, o.boxes_count, o.version
  from dispatch.orders o
  where (select available from me)
    and not exists (select from nearest)
    and o.id > ${from}
    and ${claimable}
  order by o.id`,
    1,
  )},
older as ${firstFree(
    sql`select o.id, o.boxes_count, o.version
  from dispatch.orders o
  where (select available from me)
    and not exists (select from nearest)
    and not exists (select from oldest)
    and o.id <= ${from}
    and ${claimable}
  order by o.id`,
    1,
  )},
wanted as (
  select *, false as oldest from nearest
  union all
  select *, true from oldest
  union all
  select *, false from older
),
carrier as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes + wanted.boxes_count
  from wanted
  where c.id = ${courierId}
    and c.available
    and c.held_boxes + wanted.boxes_count <= c.capacity_boxes
    and wanted.version = (select o.version from dispatch.orders o where o.id = wanted.id)
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
logged as (${recordEvent({ type: 'claimed', of: 'claimed', from: sql`'new'`, by: principal })})
select ${answer(sql`case
  when exists (select from claimed) then (
    select jsonb_build_object('ok', true, 'order', ${showOrder('o', principal)}, 'oldest', (select oldest from wanted))
    from claimed o
  )
  when (select available from me) is not true then jsonb_build_object('ok', false, 'reason', 'courier_unavailable')
  when exists (select from wanted) or (
    select true
    from dispatch.orders o
    where o.status = 'assigned'
      and o.lease_expires_at <= now()
      and ${keepsFrom(courierId, sql`(select room from me)`)}
    order by o.lease_expires_at
    limit 1
  ) then jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
  else jsonb_build_object('ok', true, 'order', null, 'oldest', false)
end`)}`
  return hot('dispatch.claim-next', statement)
}
