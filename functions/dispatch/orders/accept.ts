import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { transitions } from '../rules.ts'
import type { Moved } from './resolve.ts'
import { moveOrder } from './transition-by-courier.ts'

/** The courier takes the assignment for good; from now on no lease runs. */
export function acceptOrder(
  ctx: Ctx,
  held: { orderId: number; courierId: number; fence: number },
): Promise<Moved> {
  const set = sql`accepted_at = now(), lease_expires_at = null`
  return moveOrder(ctx, { ...held, ...transitions.accept, type: 'accepted', set })
}
