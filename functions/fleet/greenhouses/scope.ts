import type { Ctx } from '../../core/context.ts'
import type { Db } from '../../core/db.ts'
import { AppError } from '../../core/errors.ts'

/** All tenants: for jobs, consumers of queues, and admins whose token names no tenant. */
export const everyTenant = { 'app.tenant_id': '*' }

/** The database limited to the rows that the caller may see: row-level security applies to every statement. */
export function callerScope(ctx: Ctx): Db {
  return ctx.db.with(settingOf(ctx))
}

/** The same for a read that may be a moment old. */
export function replicaScope(ctx: Ctx): Db {
  return ctx.replica.with(settingOf(ctx))
}

/** The setting that limits statements to the rows that the caller may see. */
export function settingOf({ principal }: Ctx): Record<string, string> {
  if (principal === null || 'id' in principal) throw new AppError('forbidden')
  if (principal.tenantId !== null) return { 'app.tenant_id': String(principal.tenantId) }
  return principal.role === 'admin' ? everyTenant : { 'app.tenant_id': '' }
}
