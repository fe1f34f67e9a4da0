import { effectAgain } from '../../core/again.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import type { Statement } from '../../core/named.ts'
import type { Order } from './contract.ts'

export type Transitioned = { ok: true; order: Order } | Refused

/**
 * Runs a statement that decides over one order. If the order changed between the statement's snapshot and its lock, the
 * statement answers `again` and runs once more with a newer snapshot. After that, or after a lock timeout, it is busy.
 */
export async function resolveOrder(ctx: Ctx, statement: Statement): Promise<Transitioned> {
  const resolved = await effectAgain<Transitioned>(ctx, { statement, busyOnLockTimeout: true })
  return resolved ?? { ok: false, reason: 'order_busy', retryAfter: 1 }
}
