import { sql } from 'drizzle-orm'
import { firstFree } from '../../core/claim.ts'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { recordEvent } from '../events/record.ts'

/** Leases per run of the job; the run of the next minute takes the rest. */
const runLimit = 1_000

type Only = { orderId?: number }

/**
 * Returns orders with an expired lease to `new` and answers their number. The job does so for all orders; a read and a
 * claim do so for their one order, in the same round trip.
 */
export function returnExpired({ orderId }: Only = {}): Statement {
  // Race: a concurrent accept holds the order's row, and this statement skips it. It locks couriers after the orders, in
  // the order of their ids.
  return named('dispatch.return-expired')`
with expired as ${firstFree(
    sql`select o.id, o.courier_id, o.boxes_count
  from dispatch.orders o
  where o.status = 'assigned'
    and o.lease_expires_at <= now()
    and ${orderId === undefined ? sql`true` : sql`o.id = ${orderId}`}
  order by o.lease_expires_at`,
    runLimit,
  )},
holders as materialized (
  select c.id
  from dispatch.couriers c
  where c.id in (select courier_id from expired)
  order by c.id
  for update
),
freed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes - boxes.given_back
  from (select courier_id, sum(boxes_count)::int as given_back from expired group by courier_id) boxes
  where c.id = boxes.courier_id
    and c.id in (select id from holders)
),
moved as (
  update dispatch.orders o
  set status = 'new',
      courier_id = null,
      assigned_at = null,
      lease_expires_at = null,
      version = o.version + 1
  from expired
  where o.id = expired.id
  returning o.id, o.status, o.fence, expired.courier_id
),
logged as (${recordEvent({ type: 'lease_expired', of: 'moved', from: sql`'assigned'`, by: null })})
select ${answer(sql`jsonb_build_object('rows', (select count(*) from moved))`)}`
}
