import { sql } from 'drizzle-orm'
import type { Ctx, Principal } from '../../core/context.ts'
import type { Statement } from '../../core/named.ts'
import { transitions } from '../rules.ts'
import { resolveOrder, type Transitioned } from './resolve.ts'
import { type Held, transitionByCourierStatement } from './transition-by-courier.ts'

/** Marks the boxes as picked up by the courier. */
export function pickUpOrder(ctx: Ctx, held: Held): Promise<Transitioned> {
  return resolveOrder(ctx, pickUpStatement(ctx.principal, held))
}

export function pickUpStatement(principal: Principal | null, held: Held): Statement {
  const set = sql`picked_up_at = now()`
  return transitionByCourierStatement(principal, { ...held, ...transitions.pickup, type: 'picked_up', set })
}
