import type { Ctx } from '../../core/context.ts'
import { AppError } from '../../core/errors.ts'

/** The owner of what the caller creates: all admins are one owner, and each partner is its own. */
export function ownerOf({ principal }: Ctx): string {
  if (principal?.role === 'admin') return 'admin'
  if (principal?.role !== 'partner') throw new AppError('forbidden')
  if (/^[!-~]{1,128}$/.test(principal.sub)) return `partner:${principal.sub}`
  throw new AppError('forbidden', 'To own campaigns, the sub of a token must be visible ASCII without spaces')
}
