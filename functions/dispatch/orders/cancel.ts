import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { transitions } from '../rules.ts'
import type { Moved } from './resolve.ts'
import { steerOrder } from './transition.ts'

type Cancel = { orderId: number; reason?: string | undefined }

/** Ends an order that is not delivered yet, and frees its courier. */
export function cancelOrder(ctx: Ctx, cancel: Cancel): Promise<Moved> {
  const set = sql`canceled_at = now(), lease_expires_at = null`
  return steerOrder(ctx, { ...cancel, ...transitions.cancel, type: 'canceled', set, frees: true })
}
