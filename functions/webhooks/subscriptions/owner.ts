import type { Ctx } from '../../core/context.ts'
import { AppError } from '../../core/errors.ts'

/** The owner of the caller's webhooks, who is also the audience of their events. All admins are one owner. */
export function ownerOf({ principal }: Ctx): string {
  if (principal?.role === 'admin') return 'admin'
  if (principal?.role === 'store') return `store:${principal.sub}`
  if (principal?.role === 'tenant') return `tenant:${principal.tenantId}`
  throw new AppError('forbidden')
}
