import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Courier } from './contract.ts'
import { showCourier } from './show.ts'

/** Sorted by id, in the order of their creation. */
export async function listCouriers(
  ctx: Ctx,
  { after, limit }: { after: number; limit: number },
): Promise<Courier[]> {
  const rows = await ctx.replica.query<{ courier: Courier }>(named('dispatch.list-couriers')`
select ${showCourier('c')} as courier
from dispatch.couriers c
where c.id > ${after}
order by c.id
limit ${limit}`)
  return rows.map(({ courier }) => courier)
}
