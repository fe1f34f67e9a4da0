import { type SQL, sql } from 'drizzle-orm'
import type { Principal } from '../../core/context.ts'

/**
 * Rows as the wire shows them, shaped in SQL: one json value a row, no second mapping.
 * `row` is an alias of the statement, never input.
 */
export function showOrder(row: 'o' | 'changed', viewer: Principal | null): SQL {
  const o = sql.raw(row)
  const everything = sql`(
    select to_jsonb(shown)
    from (
      select ${listedFields(row)},
        ${o}.recipient_name as "recipientName",
        ${o}.phone,
        ${o}.pickup_lat as "pickupLat",
        ${o}.pickup_lng as "pickupLng",
        ${o}.delivery_lat as "deliveryLat",
        ${o}.delivery_lng as "deliveryLng",
        core.iso(${o}.assigned_at) as "assignedAt",
        core.iso(${o}.accepted_at) as "acceptedAt",
        core.iso(${o}.picked_up_at) as "pickedUpAt",
        core.iso(${o}.delivered_at) as "deliveredAt",
        core.iso(${o}.canceled_at) as "canceledAt",
        core.iso(${o}.settled_at) as "settledAt",
        ${o}.attempts,
        ${o}.failure_reason as "failureReason"
    ) shown
  )`
  if (viewer?.role !== 'courier') return everything
  // Who receives it is shown to a courier only while the courier holds it.
  return sql`${everything} - case
    when ${o}.courier_id = ${viewer.id}::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end`
}

/** What a list shows of an order, under the names of the wire; made into json as a whole, a list costs a third. */
export function listedFields(row: 'o' | 'changed'): SQL {
  const o = sql.raw(row)
  return sql`${o}.id,
        ${o}.store_id as "storeId",
        ${o}.status,
        ${o}.courier_id as "courierId",
        ${o}.pickup_address as "pickupAddress",
        ${o}.delivery_address as "deliveryAddress",
        ${o}.boxes_count as "boxesCount",
        ${o}.price_minor as "priceMinor",
        ${o}.currency,
        core.iso(${o}.ready_at) as "readyAt",
        core.iso(${o}.due_at) as "dueAt",
        case
          when ${o}.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(${o}.lease_expires_at), 'fence', ${o}.fence)
        end as lease,
        ${o}.fence,
        ${o}.version,
        core.iso(${o}.created_at) as "createdAt"`
}
