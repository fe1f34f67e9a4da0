import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { transitions } from '../rules.ts'
import type { Transitioned } from './resolve.ts'
import { transitionByCourier } from './transition-by-courier.ts'

/** Marks the boxes as picked up by the courier. */
export function pickUpOrder(
  ctx: Ctx,
  held: { orderId: number; courierId: number; fence: number },
): Promise<Transitioned> {
  return transitionByCourier(ctx, {
    ...held,
    ...transitions.pickup,
    type: 'picked_up',
    set: sql`picked_up_at = now()`,
  })
}
