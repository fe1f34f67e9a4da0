import type { Ctx } from '../../core/context.ts'
import { AppError } from '../../core/errors.ts'
import { subscribers } from '../../registry/roles.ts'

/** The owner of the caller's webhooks, who is also the audience of their events. All admins are one owner. */
export function ownerOf({ principal }: Ctx): string {
  if (principal === null || !subscribers.includes(principal.role)) throw new AppError('forbidden')
  if (principal.role === 'admin') return 'admin'
  return `${principal.role}:${'id' in principal ? principal.sub : principal.tenantId}`
}
