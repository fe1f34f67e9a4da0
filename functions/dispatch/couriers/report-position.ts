import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Position } from './contract.ts'

/** Where a courier is now, by the database's clock; false when there is no such courier. */
export async function reportPosition(
  ctx: Ctx,
  { id, lat, lng }: Position & { id: number },
): Promise<boolean> {
  const moved = await ctx.db.query(sql`
update dispatch.couriers
set last_lat = ${lat},
    last_lng = ${lng},
    last_seen_at = now()
where id = ${id}
returning id`)
  return moved.length === 1
}
