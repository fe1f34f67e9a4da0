import { sql } from 'drizzle-orm'
import type { Ctx, Principal } from '../../core/context.ts'
import type { Statement } from '../../core/named.ts'
import { transitions } from '../rules.ts'
import { resolveOrder, type Transitioned } from './resolve.ts'
import { type Held, transitionByCourierStatement } from './transition-by-courier.ts'

/** Marks the boxes as delivered and frees the courier's capacity. */
export function deliverOrder(ctx: Ctx, held: Held): Promise<Transitioned> {
  return resolveOrder(ctx, deliverStatement(ctx.principal, held))
}

export function deliverStatement(principal: Principal | null, held: Held): Statement {
  return transitionByCourierStatement(principal, {
    ...held,
    ...transitions.deliver,
    type: 'delivered',
    set: sql`delivered_at = now()`,
    frees: true,
  })
}
