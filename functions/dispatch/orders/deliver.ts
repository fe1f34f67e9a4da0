import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { transitions } from '../rules.ts'
import type { Transitioned } from './resolve.ts'
import { transitionByCourier } from './transition-by-courier.ts'

/** Marks the boxes as delivered and frees the courier's capacity. */
export function deliverOrder(
  ctx: Ctx,
  held: { orderId: number; courierId: number; fence: number },
): Promise<Transitioned> {
  const set = sql`delivered_at = now()`
  return transitionByCourier(ctx, { ...held, ...transitions.deliver, type: 'delivered', set, frees: true })
}
