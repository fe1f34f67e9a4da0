import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Greenhouse } from './contract.ts'
import { replicaScope } from './scope.ts'
import { showGreenhouse } from './show.ts'

export async function listGreenhouses(
  ctx: Ctx,
  { after, limit }: { after: number; limit: number },
): Promise<Greenhouse[]> {
  const rows = await replicaScope(ctx).query<{ greenhouse: Greenhouse }>(named('fleet.list-greenhouses')`
select ${showGreenhouse('g')} as greenhouse
from fleet.greenhouses g
where g.id > ${after}
order by g.id
limit ${limit}`)
  return rows.map(({ greenhouse }) => greenhouse)
}
