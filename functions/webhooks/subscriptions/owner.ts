import type { Ctx } from '../../core/context.ts'
import { AppError } from '../../core/errors.ts'
import { type Role, subscribers, tenantRoles } from '../../registry/roles.ts'

/** The owner of the caller's webhooks, who is also the audience of their events. All admins are one owner. */
export function ownerOf({ principal }: Ctx): string {
  if (principal === null || !subscribers.includes(principal.role)) throw new AppError('forbidden')
  if (principal.role === 'admin') return 'admin'
  const { role, sub } = principal
  if (isTenant(role) && 'tenantId' in principal) return `${role}:${principal.tenantId}`
  if (!/^[!-~]{1,128}$/.test(sub))
    throw new AppError(
      'forbidden',
      'To own webhooks, the sub of a token must be visible ASCII without spaces',
    )
  return `${role}:${sub}`
}

/** All servers of a tenant are one owner; a store or a partner is its own. */
const isTenant = (role: Role) => tenantRoles.some((one) => one === role)
