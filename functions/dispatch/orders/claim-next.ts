import { type SQL, sql } from 'drizzle-orm'
import { firstFree } from '../../core/claim.ts'
import type { Ctx, Principal } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import type { Order } from '../contract.ts'
import { leaseSeconds } from '../rules.ts'
import { recordEvent } from './record.ts'
import { showOrder } from './show.ts'

type Next = { ok: true; order: Order | null; oldest: boolean } | Refused

/** Gives this courier the nearest order it can carry, or the oldest when nobody knows where it is; null when none. */
export async function claimNextOrder(ctx: Ctx, { courierId }: { courierId: number }): Promise<Next> {
  const from = position.start(ctx.now().getTime())
  let next = await effect<Next>(ctx, claimNextStatement(ctx.principal, { courierId, from }))
  // Between the statement's snapshot and its lock the courier's other request took the room, or somebody had the order.
  if (!next.ok && 'again' in next)
    next = await effect<Next>(ctx, claimNextStatement(ctx.principal, { courierId, from }))
  if (!next.ok && 'again' in next) return { ok: false, reason: 'order_busy', retryAfter: 1 }
  if (next.ok && next.order !== null && next.oldest) position.passed(next.order.id)
  return next
}

/**
 * Where the last search for the oldest order ended. The head of the index is full of dead entries while any
 * transaction anywhere stays open; starting past them keeps the cost of a claim level. Only a hint: orders before it
 * are found when there is none after it, and the search starts over each second and each 500 claims.
 */
const position = {
  id: 0,
  uses: 0,
  since: 0,
  start(now: number): number {
    this.uses += 1
    if (this.uses < 500 && now - this.since < 1_000) return this.id
    Object.assign(this, { id: 0, uses: 0, since: now })
    return 0
  },
  passed(id: number): void {
    this.id = Math.max(this.id, id)
  },
}

type Search = { courierId: number; from: number }

export function claimNextStatement(principal: Principal | null, { courierId, from }: Search): SQL {
  const claimable = sql`o.status = 'new'
    and o.courier_id is null
    and o.boxes_count <= (select room from me)
    and o.id <> all (array(select order_id from dispatch.order_exclusions where courier_id = ${courierId}))`
  // Race: couriers asking at once get different orders (skip locked); the courier's room is a condition on its own
  // row, so two requests of one courier cannot both fill it. Order first, then courier, as everywhere. Exclusions are not
  // on a locked row: an order that changed between snapshot and lock may have been given back, and we ask again.
  return sql`
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
  set status = 'assigned',
      courier_id = carrier.id,
      assigned_at = now(),
      lease_expires_at = now() + make_interval(secs => ${leaseSeconds}),
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
  when exists (select from wanted) then jsonb_build_object('ok', false, 'reason', 'order_busy', 'again', true)
  else jsonb_build_object('ok', true, 'order', null, 'oldest', false)
end`)}`
}
