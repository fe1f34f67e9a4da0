import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { transitions } from '../rules.ts'
import type { Transitioned } from './resolve.ts'
import { transitionOrder } from './transition.ts'

/** Makes a failed order available again and keeps its number of attempts. */
export function reopenOrder(ctx: Ctx, { orderId }: { orderId: number }): Promise<Transitioned> {
  const set = sql`courier_id = null, assigned_at = null, accepted_at = null, picked_up_at = null, failure_reason = null`
  return transitionOrder(ctx, { orderId, ...transitions.reopen, type: 'reopened', set })
}
