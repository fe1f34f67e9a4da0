import { sql } from 'drizzle-orm'
import type { Ctx, Principal } from '../../core/context.ts'
import type { Statement } from '../../core/named.ts'
import { resolveOrder, type Transitioned } from '../orders/resolve.ts'
import { type Held, transitionByCourierStatement } from '../orders/transition-by-courier.ts'
import { transitions } from '../rules.ts'

/** Accepts an assignment and ends its lease. */
export function acceptOrder(ctx: Ctx, held: Held): Promise<Transitioned> {
  return resolveOrder(ctx, acceptStatement(ctx.principal, held))
}

export function acceptStatement(principal: Principal | null, held: Held): Statement {
  const set = sql`accepted_at = now(), lease_expires_at = null`
  return transitionByCourierStatement(principal, { ...held, ...transitions.accept, type: 'accepted', set })
}
