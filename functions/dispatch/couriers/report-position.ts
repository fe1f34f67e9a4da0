import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Position } from './contract.ts'

/** Stores the courier's position with the database's clock; false if there is no such courier. */
export async function reportPosition(
  ctx: Ctx,
  { id, lat, lng }: Position & { id: number },
): Promise<boolean> {
  const reported = await ctx.db.query(named('dispatch.report-position')`
update dispatch.couriers
set last_lat = ${lat},
    last_lng = ${lng},
    last_seen_at = now()
where id = ${id}
returning id`)
  return reported.length === 1
}
