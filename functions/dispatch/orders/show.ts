import { type SQL, sql } from 'drizzle-orm'
import type { Principal } from '../../core/context.ts'

/**
 * The wire's shape of an order as one JSON value, so TypeScript maps nothing. `row` is an alias of the statement, never
 * input.
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
  // A courier sees the recipient only while it holds the order.
  return sql`${everything} - case
    when ${o}.courier_id = ${viewer.id}::bigint then '{}'::text[]
    else '{recipientName,phone}'
  end`
}

/** The fields of a listed order. Converting the whole list to JSON at once costs a third of converting row by row. */
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
