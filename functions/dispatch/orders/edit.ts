import { sql } from 'drizzle-orm'
import { orders } from '../../../schema/dispatch/tables.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { assignments, changeVersion } from '../../core/versioned.ts'
import { recordEvent } from '../events/record.ts'
import { dueTooEarly, priceMinorFor } from '../rules.ts'
import type { Order, OrderChange } from './contract.ts'
import { showOrder } from './show.ts'
import { visibleTo } from './visible.ts'

type Edit = { id: number; version: number; change: OrderChange }

/**
 * Changes a new order; another number of boxes changes the price. Another address without coordinates loses those of the
 * old one, because they would lead the courier there.
 */
export function editOrder(
  ctx: Ctx,
  { id, version, change }: Edit,
): Promise<{ ok: true; value: Order } | Refused> {
  const { deliveryAddress, recipientName, phone, boxesCount, pickupAddress, readyAt, dueAt } = change
  const set = assignments({
    delivery_address: deliveryAddress,
    ...deliveryPlace(change),
    recipient_name: recipientName,
    phone,
    pickup_address: pickupAddress,
    ...pickupPlace(change),
    ready_at: readyAt,
    due_at: dueAt,
    boxes_count: boxesCount,
    price_minor: boxesCount === undefined ? undefined : priceMinorFor(boxesCount),
  })
  return changeVersion(ctx, {
    verb: 'dispatch.edit-order',
    table: orders,
    id,
    version,
    set,
    visible: visibleTo(ctx.principal, 'found'),
    refusals: [
      {
        when: sql`found.status <> 'new'`,
        outcome: sql`jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', found.status, 'to', found.status,
          'detail', 'An order can be changed only while it is new')`,
      },
      {
        when: sql`${boxesCount ?? 0} > (select coalesce(s.box_limit, 200) from dispatch.stores s where s.id = found.store_id)`,
        outcome: sql`(
          select jsonb_build_object('ok', false, 'reason', 'box_limit_exceeded', 'boxLimit', coalesce(s.box_limit, 200))
          from dispatch.stores s where s.id = found.store_id
        )`,
      },
      {
        when: sql`${moment('due_at', dueAt)} < ${moment('ready_at', readyAt)}`,
        outcome: sql`jsonb_build_object('ok', false, 'reason', 'unprocessable', 'detail', ${dueTooEarly}::text)`,
      },
    ],
    value: showOrder('changed', ctx.principal),
    also: sql`,
logged as (${recordEvent({
      type: 'edited',
      of: 'changed',
      from: sql`changed.status`,
      by: ctx.principal,
      data: sql`jsonb_build_object('fields', ${sql.param(Object.keys(change))}::text[])`,
    })})`,
  })
}

function deliveryPlace({ deliveryAddress, deliveryLat, deliveryLng }: OrderChange) {
  if (deliveryLat !== undefined || deliveryLng !== undefined)
    return { delivery_lat: deliveryLat ?? null, delivery_lng: deliveryLng ?? null }
  if (deliveryAddress === undefined) return {}
  const kept = (column: string) =>
    sql`case when t.delivery_address = ${deliveryAddress} then t.${sql.identifier(column)} end`
  return { delivery_lat: kept('delivery_lat'), delivery_lng: kept('delivery_lng') }
}

/** The coordinates of the store belong to the store's address. */
function pickupPlace({ pickupAddress, pickupLat, pickupLng }: OrderChange) {
  if (pickupLat !== undefined || pickupLng !== undefined)
    return { pickup_lat: pickupLat ?? null, pickup_lng: pickupLng ?? null }
  if (pickupAddress === undefined) return {}
  const known = (kept: string, ofStore: string) => sql`case
    when t.pickup_address = ${pickupAddress} then t.${sql.identifier(kept)}
    else (select s.${sql.identifier(ofStore)} from dispatch.stores s where s.id = t.store_id and s.pickup_address = ${pickupAddress})
  end`
  return { pickup_lat: known('pickup_lat', 'lat'), pickup_lng: known('pickup_lng', 'lng') }
}

/** The moment that the order would have after the change. */
function moment(column: 'ready_at' | 'due_at', given: string | null | undefined) {
  return given === undefined ? sql`found.${sql.identifier(column)}` : sql`${given}::timestamptz`
}
