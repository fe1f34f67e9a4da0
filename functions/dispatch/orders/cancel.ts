import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { transitions } from '../rules.ts'
import type { Transitioned } from './resolve.ts'
import { transitionOrder } from './transition.ts'

type Cancel = { orderId: number; reason?: string | undefined }

/** Cancels an undelivered order and frees its courier's capacity. */
export function cancelOrder(ctx: Ctx, cancel: Cancel): Promise<Transitioned> {
  const set = sql`canceled_at = now(), lease_expires_at = null`
  return transitionOrder(ctx, { ...cancel, ...transitions.cancel, type: 'canceled', set, frees: true })
}
