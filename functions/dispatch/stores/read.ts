import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Store } from './contract.ts'
import { showStore } from './show.ts'

/** A store can read only itself; couriers and admins can read every store. */
export async function readStore(ctx: Ctx, { id }: { id: number }): Promise<Store | null> {
  const own = ctx.principal?.role === 'store' ? sql`s.id = ${ctx.principal.id}::bigint` : sql`true`
  const [row] = await ctx.replica.query<{ store: Store }>(named('dispatch.read-store')`
select ${showStore('s')} as store
from dispatch.stores s
where s.id = ${id}
  and ${own}`)
  return row?.store ?? null
}
