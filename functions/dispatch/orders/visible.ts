import { type SQL, sql } from 'drizzle-orm'
import type { Principal } from '../../core/context.ts'

/** Over the alias `o`: the orders this principal may know of. Another's order does not exist for it. */
export function visibleTo(principal: Principal | null, row: 'o' | 'found' = 'o'): SQL {
  const o = sql.raw(row)
  if (principal?.role === 'admin') return sql`true`
  if (principal?.role === 'store') return sql`${o}.store_id = ${principal.id}::bigint`
  if (principal?.role === 'courier')
    return sql`(${o}.status = 'new' or ${o}.courier_id = ${principal.id}::bigint)`
  return sql`false`
}
