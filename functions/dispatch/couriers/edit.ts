import { sql } from 'drizzle-orm'
import { couriers } from '../../../schema/dispatch/tables.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { assignments, changeVersion } from '../../core/versioned.ts'
import type { Courier, CourierChange } from './contract.ts'
import { showCourier } from './show.ts'

type Edit = { id: number; version: number; change: CourierChange }

/** Changes the courier itself; its held boxes change only with its orders. */
export function editCourier(
  ctx: Ctx,
  { id, version, change }: Edit,
): Promise<{ ok: true; value: Courier } | Refused> {
  const { name, capacityBoxes, available, zone } = change
  return changeVersion(ctx, {
    verb: 'dispatch.edit-courier',
    table: couriers,
    id,
    version,
    set: assignments({ name, capacity_boxes: capacityBoxes, available, zone }),
    refusals: [
      {
        when: sql`found.held_boxes > ${capacityBoxes ?? null}::int`,
        outcome: sql`jsonb_build_object('ok', false, 'reason', 'capacity_below_held', 'heldBoxes', found.held_boxes)`,
      },
    ],
    value: showCourier('changed'),
  })
}
