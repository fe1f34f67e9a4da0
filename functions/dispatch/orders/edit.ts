import { sql } from 'drizzle-orm'
import { orders } from '../../../schema/dispatch/tables.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { assignments, changeVersion } from '../../core/versioned.ts'
import { recordEvent } from '../events/record.ts'
import { priceMinorFor } from '../rules.ts'
import type { Order, OrderChange } from './contract.ts'
import { showOrder } from './show.ts'
import { visibleTo } from './visible.ts'

type Edit = { id: number; version: number; change: OrderChange }

/** Changes a new order; another number of boxes changes the price. */
export function editOrder(
  ctx: Ctx,
  { id, version, change }: Edit,
): Promise<{ ok: true; value: Order } | Refused> {
  const { deliveryAddress, recipientName, phone, boxesCount, pickupAddress } = change
  const set = assignments({
    delivery_address: deliveryAddress,
    recipient_name: recipientName,
    phone,
    pickup_address: pickupAddress,
    boxes_count: boxesCount,
    price_minor: boxesCount === undefined ? undefined : priceMinorFor(boxesCount),
  })
  return changeVersion(ctx, {
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
        outcome: sql`jsonb_build_object('ok', false, 'reason', 'box_limit_exceeded')`,
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
