import { type SQL, sql } from 'drizzle-orm'
import { firstFree } from '../../core/claim.ts'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { recordEvent } from '../events/record.ts'

/** Leases per run of the job; the run of the next minute takes the rest. */
const runLimit = 1_000

/** Leases that a search for one order returns at most: one of them suffices. */
const searchLimit = 8

type Only = {
  orderId?: number
  /**
   * The courier that claims later in this transaction. Without `orderId`, only leases that keep an order from it, and none
   * if it has become unavailable.
   */
  claimer?: number
}

/**
 * Returns orders with an expired lease to `new` and answers their number. The job does so for all orders; a read and a
 * claim do so for their one order, in the same round trip, and claim-next for the orders that it may take.
 */
export function returnExpired({ orderId, claimer }: Only = {}): Statement {
  const searches = orderId === undefined && claimer !== undefined
  const kept = searches ? keepsFrom(claimer, roomOf(claimer)) : sql`true`
  const claimerToo =
    claimer === undefined
      ? sql``
      : sql` union all select ${claimer}::bigint where exists (select from expired)`
  // Race: a concurrent accept holds the order's row, and this statement skips it. It locks couriers after the orders, in
  // the order of their ids. The claimer is among them, because its claim would otherwise lock it after the others. Their
  // ids are an array: if a courier changed during the wait, Postgres reads its row again, and not that list.
  return named('dispatch.return-expired')`
with expired as ${firstFree(
    sql`select o.id, o.courier_id, o.boxes_count
  from dispatch.orders o
  where o.status = 'assigned'
    and o.lease_expires_at <= now()
    and ${orderId === undefined ? kept : sql`o.id = ${orderId}`}
  order by o.lease_expires_at`,
    searches ? searchLimit : runLimit,
  )},
holders as materialized (
  select c.id, c.available
  from dispatch.couriers c
  where c.id = any (array(select courier_id from expired${claimerToo}))
  order by c.id
  for update
),
ended as (
  select *
  from expired
  where ${searches ? sql`(select available from holders where id = ${claimer})` : sql`true`}
),
freed as (
  update dispatch.couriers c
  set held_boxes = c.held_boxes - boxes.given_back
  from holders
  join (select courier_id, sum(boxes_count)::int as given_back from ended group by courier_id) boxes
    on boxes.courier_id = holders.id
  where c.id = holders.id
),
moved as (
  update dispatch.orders o
  set status = 'new',
      courier_id = null,
      assigned_at = null,
      lease_expires_at = null,
      version = o.version + 1
  from ended
  where o.id = ended.id
  returning o.id, o.status, o.fence, ended.courier_id
),
logged as (${recordEvent({ type: 'lease_expired', of: 'moved', from: sql`'assigned'`, by: null })})
select ${answer(sql`jsonb_build_object('rows', (select count(*) from moved))`)}`
}

/** A condition over `o`, an order with an expired lease: this courier could claim the order, or its own boxes fill it. */
export function keepsFrom(courierId: number, room: SQL): SQL {
  return sql`(o.courier_id = ${courierId}
      or o.boxes_count <= ${room}
      and o.id <> all (array(select order_id from dispatch.order_exclusions where courier_id = ${courierId})))`
}

function roomOf(courierId: number): SQL {
  return sql`(select c.capacity_boxes - c.held_boxes from dispatch.couriers c where c.id = ${courierId})`
}
