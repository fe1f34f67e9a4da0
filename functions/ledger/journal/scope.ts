import { effectAgain } from '../../core/again.ts'
import { tenantOf } from '../../core/caller.ts'
import type { Ctx } from '../../core/context.ts'
import type { Db } from '../../core/db.ts'
import { AppError, type Refused } from '../../core/errors.ts'
import type { Statement } from '../../core/named.ts'
import { DatabaseError } from '../../core/sqlstate.ts'

/** The database limited to the caller's tenant: row-level security applies to every statement sent through it. */
export function tenantScope(ctx: Ctx, db: Db = ctx.db): Db {
  return db.with({ 'app.tenant_id': String(tenantOf(ctx)) })
}

/** The parts of a request that its events name. */
export type By = Pick<Ctx, 'principal' | 'idempotency'>

/**
 * Runs a money command. If another command took the next version of the same stream, the statement runs again with a
 * newer snapshot. A violated key, balance or quarantine becomes a refusal.
 */
export async function runCommand<Outcome extends { ok: true }>(
  ctx: Ctx,
  statement: Statement,
): Promise<Outcome | Refused> {
  try {
    const decision = { statement, db: tenantScope(ctx), attempts: 3, isOutdated: lostVersion }
    const outcome = await effectAgain<Outcome | Refused>(ctx, decision)
    if (outcome === null) throw new Error('A money command answered "again"')
    return outcome
  } catch (error) {
    if (lostVersion(error)) throw new AppError('busy', undefined, { retryAfter: 1, cause: error })
    const refused = refusedBy(error)
    if (refused === null) throw error
    return refused
  }
}

/** Another command inserted the next version of the stream after this statement had read the one before. */
function lostVersion(error: unknown): boolean {
  if (!(error instanceof DatabaseError) || error.sqlstate !== '23505') return false
  const { constraint = '' } = error
  return constraint.includes('_events_') && !constraint.endsWith('_key')
}

function refusedBy(error: unknown): Refused | null {
  if (!(error instanceof DatabaseError)) return null
  const { sqlstate, constraint = '' } = error
  if (sqlstate === '23505' && constraint.endsWith('_key'))
    return { ok: false, reason: 'idempotency_key_reused' }
  if (sqlstate === '23514' && constraint === 'user_balances_view_exact')
    return { ok: false, reason: 'amount_out_of_range' }
  if (sqlstate === '23514' && constraint === 'user_balances_view_available')
    return { ok: false, reason: 'insufficient_funds' }
  if (sqlstate === 'LS102') return { ok: false, reason: 'insufficient_funds' }
  if (sqlstate === 'LS103') return { ok: false, reason: 'quarantined' }
  return null
}
