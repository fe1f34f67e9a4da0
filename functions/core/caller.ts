/** The caller, as rows keep it. */
import type { Ctx } from './context.ts'
import { AppError } from './errors.ts'

type Caller = Pick<Ctx, 'principal'>

/** The role and the subject of the caller's token, as in `admin:17`, or `system` for a job. */
export function actorOf({ principal }: Caller): string {
  return principal === null ? 'system' : `${principal.role}:${principal.sub}`
}

/** The tenant that the caller's token names. Without one it throws `forbidden`. */
export function tenantOf({ principal }: Caller): number {
  if (principal === null || 'id' in principal || principal.tenantId === null)
    throw new AppError('forbidden', 'The token must name a tenant: tenantId')
  return principal.tenantId
}
