import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { transitions } from '../rules.ts'
import type { Moved } from './resolve.ts'
import { moveOrder } from './transition-by-courier.ts'

/** The recipient has the boxes; the courier has room again. */
export function deliverOrder(
  ctx: Ctx,
  held: { orderId: number; courierId: number; fence: number },
): Promise<Moved> {
  const set = sql`delivered_at = now()`
  return moveOrder(ctx, { ...held, ...transitions.deliver, type: 'delivered', set, frees: true })
}
