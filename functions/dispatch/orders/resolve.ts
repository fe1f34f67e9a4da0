import type { SQL } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { effect } from '../../core/idempotency.ts'
import { hasSqlstate } from '../../core/sqlstate.ts'
import type { Order } from './contract.ts'

export type Transitioned = { ok: true; order: Order } | Refused

/**
 * Runs a statement that decides over one order. If the order changed between the statement's snapshot and its lock, the
 * statement answers `again` and runs once more with a newer snapshot. After that, or after a lock timeout, it is busy.
 */
export async function resolveOrder(ctx: Ctx, statement: SQL): Promise<Transitioned> {
  const busy = { ok: false, reason: 'order_busy', retryAfter: 1 } as const
  try {
    const first = await effect<Transitioned>(ctx, statement)
    if (first.ok || !('again' in first)) return first
    const second = await effect<Transitioned>(ctx, statement)
    return !second.ok && 'again' in second ? busy : second
  } catch (error) {
    if (hasSqlstate(error, '55P03')) return busy
    throw error
  }
}
