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
      select ${fieldsOf(row, '')},
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

/**
 * The columns of a row that is a listed order as it stands. To make JSON of fifty rows would cost Postgres half as much
 * again. The driver hands a bigint over as text; ids and amounts are below 2^53, so a double has their exact value.
 */
export function listedColumns(row: 'o'): SQL {
  return fieldsOf(row, '::float8')
}

/** The fields of a listed order; `cast` follows each whole number of 64 bits. */
function fieldsOf(row: 'o' | 'changed', cast: '' | '::float8'): SQL {
  const [o, whole] = [sql.raw(row), sql.raw(cast)]
  return sql`${o}.id${whole},
        ${o}.store_id${whole} as "storeId",
        ${o}.status,
        ${o}.courier_id${whole} as "courierId",
        ${o}.pickup_address as "pickupAddress",
        ${o}.delivery_address as "deliveryAddress",
        ${o}.boxes_count as "boxesCount",
        ${o}.price_minor${whole} as "priceMinor",
        ${o}.currency,
        core.iso(${o}.ready_at) as "readyAt",
        core.iso(${o}.due_at) as "dueAt",
        case
          when ${o}.lease_expires_at is not null
          then jsonb_build_object('expiresAt', core.iso(${o}.lease_expires_at), 'fence', ${o}.fence)
        end as lease,
        ${o}.fence${whole},
        ${o}.version,
        core.iso(${o}.created_at) as "createdAt"`
}
