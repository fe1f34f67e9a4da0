import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Transitioned } from '../orders/resolve.ts'
import { transitionByCourier } from '../orders/transition-by-courier.ts'
import { transitions } from '../rules.ts'

/** Accepts an assignment and ends its lease. */
export function acceptOrder(
  ctx: Ctx,
  held: { orderId: number; courierId: number; fence: number },
): Promise<Transitioned> {
  const set = sql`accepted_at = now(), lease_expires_at = null`
  return transitionByCourier(ctx, { ...held, ...transitions.accept, type: 'accepted', set })
}
