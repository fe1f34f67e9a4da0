import { type SQL, sql } from 'drizzle-orm'
import type { Principal } from '../../core/context.ts'

/** A condition over the alias `o`: the orders this principal may see. Any other order is `not_found` for it. */
export function visibleTo(principal: Principal | null, row: 'o' | 'found' = 'o'): SQL {
  const o = sql.raw(row)
  if (principal?.role === 'admin') return sql`true`
  if (principal?.role === 'store') return sql`${o}.store_id = ${principal.id}::bigint`
  if (principal?.role === 'courier')
    return sql`(${o}.status = 'new' or ${o}.courier_id = ${principal.id}::bigint)`
  return sql`false`
}
