import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'

/** A node sees itself only. Row-level security limits everybody to its tenant. */
export function visibleNodes({ principal }: Ctx, row: 'n' | 'found'): SQL {
  if (principal?.role === 'node') return sql`${sql.raw(row)}.uid = ${principal.sub}`
  return principal?.role === 'tenant' || principal?.role === 'admin' ? sql`true` : sql`false`
}
