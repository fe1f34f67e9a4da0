import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { transitions } from '../rules.ts'
import type { Moved } from './resolve.ts'
import { steerOrder } from './transition.ts'

/** Offers an order that failed once more; how often it was tried stays. */
export function reopenOrder(ctx: Ctx, { orderId }: { orderId: number }): Promise<Moved> {
  const set = sql`courier_id = null, assigned_at = null, accepted_at = null, picked_up_at = null, failure_reason = null`
  return steerOrder(ctx, { orderId, ...transitions.reopen, type: 'reopened', set })
}
