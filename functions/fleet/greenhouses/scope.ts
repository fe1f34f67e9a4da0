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

/** The tenant of a new thing. */
export function tenantOf({ principal }: Ctx): number {
  if (principal === null || 'id' in principal || principal.tenantId === null)
    throw new AppError('forbidden', 'The token must name a tenant: tenantId')
  return principal.tenantId
}

export function actorOf({ principal }: Ctx): string {
  return principal === null ? 'system' : `${principal.role}:${principal.sub}`
}

/** The setting that limits statements to the rows that the caller may see. */
export function settingOf({ principal }: Ctx): Record<string, string> {
  if (principal === null || 'id' in principal) throw new AppError('forbidden')
  if (principal.tenantId !== null) return { 'app.tenant_id': String(principal.tenantId) }
  return principal.role === 'admin' ? everyTenant : { 'app.tenant_id': '' }
}
