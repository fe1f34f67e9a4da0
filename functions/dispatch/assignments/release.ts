import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Transitioned } from '../orders/resolve.ts'
import { transitionByCourier } from '../orders/transition-by-courier.ts'
import { transitions } from '../rules.ts'

type GivenBack = { orderId: number; courierId: number; fence: number; reason: string }

/** Releases an order before pickup: it becomes available to other couriers. */
export function releaseOrder(ctx: Ctx, { reason, ...held }: GivenBack): Promise<Transitioned> {
  const set = sql`courier_id = null, assigned_at = null, accepted_at = null, lease_expires_at = null`
  return transitionByCourier(ctx, {
    ...held,
    ...transitions.release,
    type: 'released',
    set,
    frees: true,
    reason,
    excludes: true,
  })
}
