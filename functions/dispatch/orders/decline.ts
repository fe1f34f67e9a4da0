import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { transitions } from '../rules.ts'
import type { Moved } from './resolve.ts'
import { moveOrder } from './transition-by-courier.ts'

type GivenBack = { orderId: number; courierId: number; fence: number; reason: string }

/** The courier does not want the assignment; somebody else gets it. */
export function declineOrder(ctx: Ctx, { reason, ...held }: GivenBack): Promise<Moved> {
  const set = sql`courier_id = null, assigned_at = null, lease_expires_at = null`
  return moveOrder(ctx, {
    ...held,
    ...transitions.decline,
    type: 'declined',
    set,
    frees: true,
    reason,
    excludes: true,
  })
}
