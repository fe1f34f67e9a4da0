import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { transitions } from '../rules.ts'
import type { Transitioned } from './resolve.ts'
import { transitionOrder } from './transition.ts'

/** Says that the boxes of a failed order are back at the store: its life ends there. */
export function returnOrder(ctx: Ctx, { orderId }: { orderId: number }): Promise<Transitioned> {
  return transitionOrder(ctx, {
    orderId,
    ...transitions.return,
    type: 'returned',
    set: sql`lease_expires_at = null`,
  })
}
