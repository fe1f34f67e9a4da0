import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Store } from './contract.ts'
import { showStore } from './show.ts'

/** Sorted by id, in the order of their creation. */
export async function listStores(
  ctx: Ctx,
  { after, limit }: { after: number; limit: number },
): Promise<Store[]> {
  const rows = await ctx.replica.query<{ store: Store }>(named('dispatch.list-stores')`
select ${showStore('s')} as store
from dispatch.stores s
where s.id > ${after}
order by s.id
limit ${limit}`)
  return rows.map(({ store }) => store)
}
