import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { transitions } from '../rules.ts'
import type { Transitioned } from './resolve.ts'
import { transitionByCourier } from './transition-by-courier.ts'

type Failed = { orderId: number; courierId: number; fence: number; reason: string }

/** The courier could not deliver; the store decides about another attempt. */
export function failOrder(ctx: Ctx, { reason, ...held }: Failed): Promise<Transitioned> {
  const set = sql`failure_reason = ${reason}, attempts = o.attempts + 1`
  return transitionByCourier(ctx, { ...held, ...transitions.fail, type: 'failed', set, frees: true, reason })
}
