import { type SQL, sql } from 'drizzle-orm'
import type { Principal } from '../core/context.ts'

/**
 * Rows as the wire shows them, shaped in SQL: one json value a row, no second mapping.
 * `row` is an alias of the statement, never input.
 */
export function showListed(row: 'o' | 'changed'): SQL {
  const o = sql.raw(row)
  return sql`jsonb_build_object(
    'id', ${o}.id,
    'storeId', ${o}.store_id,
    'status', ${o}.status,
    'courierId', ${o}.courier_id,
    'pickupAddress', ${o}.pickup_address,
    'deliveryAddress', ${o}.delivery_address,
    'boxesCount', ${o}.boxes_count,
    'priceMinor', ${o}.price_minor,
    'currency', ${o}.currency,
    'readyAt', core.iso(${o}.ready_at),
    'dueAt', core.iso(${o}.due_at),
    'lease', case
      when ${o}.lease_expires_at is not null
      then jsonb_build_object('expiresAt', core.iso(${o}.lease_expires_at), 'fence', ${o}.fence)
    end,
    'fence', ${o}.fence,
    'version', ${o}.version,
    'createdAt', core.iso(${o}.created_at)
  )`
}

/** An order as `viewer` may see it: who receives it is shown to a courier only while the courier holds it. */
export function showOrder(row: 'o' | 'changed', viewer: Principal | null): SQL {
  const o = sql.raw(row)
  const everything = sql`${showListed(row)} || jsonb_build_object(
    'recipientName', ${o}.recipient_name,
    'phone', ${o}.phone,
    'pickupLat', ${o}.pickup_lat,
    'pickupLng', ${o}.pickup_lng,
    'deliveryLat', ${o}.delivery_lat,
    'deliveryLng', ${o}.delivery_lng,
    'assignedAt', core.iso(${o}.assigned_at),
    'acceptedAt', core.iso(${o}.accepted_at),
    'pickedUpAt', core.iso(${o}.picked_up_at),
    'deliveredAt', core.iso(${o}.delivered_at),
    'canceledAt', core.iso(${o}.canceled_at),
    'settledAt', core.iso(${o}.settled_at),
    'attempts', ${o}.attempts,
    'failureReason', ${o}.failure_reason
  )`
  if (viewer?.role !== 'courier') return everything
  return sql`case
    when ${o}.courier_id = ${viewer.sub}::bigint then ${everything}
    else (${everything}) - '{recipientName,phone}'::text[]
  end`
}

/** Over the alias `e` of dispatch.order_events. */
export const showEvent = sql`jsonb_build_object(
    'id', e.id,
    'orderId', e.order_id,
    'type', e.type,
    'fromStatus', e.from_status,
    'toStatus', e.to_status,
    'actor', jsonb_build_object('role', e.actor_role, 'id', e.actor_id),
    'courierId', e.courier_id,
    'fence', e.fence,
    'data', e.data,
    'createdAt', core.iso(e.created_at)
  )`

export function showStore(row: 's' | 'changed'): SQL {
  const s = sql.raw(row)
  return sql`jsonb_build_object(
    'id', ${s}.id,
    'name', ${s}.name,
    'pickupAddress', ${s}.pickup_address,
    'lat', ${s}.lat,
    'lng', ${s}.lng,
    'boxLimit', ${s}.box_limit,
    'opensAt', to_char(${s}.opens_at, 'HH24:MI'),
    'closesAt', to_char(${s}.closes_at, 'HH24:MI'),
    'timeZone', ${s}.time_zone,
    'version', ${s}.version,
    'createdAt', core.iso(${s}.created_at)
  )`
}

export function showCourier(row: 'c' | 'changed'): SQL {
  const c = sql.raw(row)
  return sql`jsonb_build_object(
    'id', ${c}.id,
    'name', ${c}.name,
    'capacityBoxes', ${c}.capacity_boxes,
    'heldBoxes', ${c}.held_boxes,
    'available', ${c}.available,
    'zone', ${c}.zone,
    'lat', ${c}.last_lat,
    'lng', ${c}.last_lng,
    'lastSeenAt', core.iso(${c}.last_seen_at),
    'version', ${c}.version,
    'createdAt', core.iso(${c}.created_at)
  )`
}
