import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { transitions } from '../rules.ts'
import type { Moved } from './resolve.ts'
import { moveOrder } from './transition-by-courier.ts'

/** The courier has the boxes in hand. */
export function pickUpOrder(
  ctx: Ctx,
  held: { orderId: number; courierId: number; fence: number },
): Promise<Moved> {
  return moveOrder(ctx, { ...held, ...transitions.pickup, type: 'picked_up', set: sql`picked_up_at = now()` })
}
