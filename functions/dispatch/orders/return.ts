import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { transitions } from '../rules.ts'
import type { Transitioned } from './resolve.ts'
import { transitionOrder } from './transition.ts'

/** Marks the boxes of a failed order as returned to the store; this status is final. */
export function returnOrder(ctx: Ctx, { orderId }: { orderId: number }): Promise<Transitioned> {
  return transitionOrder(ctx, {
    orderId,
    ...transitions.return,
    type: 'returned',
    set: sql`lease_expires_at = null`,
  })
}
