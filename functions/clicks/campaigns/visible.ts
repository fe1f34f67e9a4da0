import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { ownerOf } from './owner.ts'

/** The rows that the caller may see: a partner its own, an admin all of them. */
export function visibleTo(ctx: Ctx, row: string): SQL {
  return ctx.principal?.role === 'admin' ? sql`true` : sql`${sql.identifier(row)}.owner = ${ownerOf(ctx)}`
}
