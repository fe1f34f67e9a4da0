import { type SQL } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Db } from '../../core/db.ts'
import { AppError, type Refused } from '../../core/errors.ts'
import { effect } from '../../core/idempotency.ts'
import { DatabaseError } from '../../core/sqlstate.ts'

/** The database limited to the caller's tenant: row-level security applies to every statement sent through it. */
export function tenantScope(ctx: Ctx, db: Db = ctx.db): Db {
  return db.with({ 'app.tenant_id': String(tenantOf(ctx)) })
}

export function tenantOf({ principal }: Ctx): number {
  if (principal === null || 'id' in principal || principal.tenantId === null)
    throw new AppError('forbidden', 'The token must name a tenant: tenantId')
  return principal.tenantId
}

export function actorOf({ principal }: Ctx): string {
  return principal === null ? 'system' : `${principal.role}:${principal.sub}`
}

/**
 * Runs a money command. If another command took the next version of the same stream, the statement runs again with a
 * newer snapshot. A violated key, balance or quarantine becomes a refusal.
 */
export async function runCommand<Outcome extends { ok: true }>(
  ctx: Ctx,
  statement: SQL,
): Promise<Outcome | Refused> {
  const scoped = tenantScope(ctx)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await effect<Outcome | Refused>(ctx, statement, scoped)
    } catch (error) {
      const refused = refusedBy(error)
      if (refused === null) throw error
      if (refused !== 'again') return refused
      if (attempt === 3) throw new AppError('busy', undefined, { retryAfter: 1, cause: error })
    }
  }
}

function refusedBy(error: unknown): Refused | 'again' | null {
  if (!(error instanceof DatabaseError)) return null
  const { sqlstate, constraint = '' } = error
  if (sqlstate === '23505') {
    if (constraint.endsWith('_key')) return { ok: false, reason: 'idempotency_key_reused' }
    return constraint.includes('_events_') ? 'again' : null
  }
  if (sqlstate === '23514' && constraint === 'user_balances_view_exact')
    return { ok: false, reason: 'amount_out_of_range' }
  if (sqlstate === '23514' && constraint === 'user_balances_view_available')
    return { ok: false, reason: 'insufficient_funds' }
  if (sqlstate === 'LS102') return { ok: false, reason: 'insufficient_funds' }
  if (sqlstate === 'LS103') return { ok: false, reason: 'quarantined' }
  return null
}
