import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Greenhouse } from './contract.ts'
import { replicaScope } from './scope.ts'
import { showGreenhouse } from './show.ts'

export async function readGreenhouse(ctx: Ctx, { id }: { id: number }): Promise<Greenhouse | null> {
  const [row] = await replicaScope(ctx).query<{ greenhouse: Greenhouse }>(named('fleet.read-greenhouse')`
select ${showGreenhouse('g')} as greenhouse
from fleet.greenhouses g
where g.id = ${id}`)
  return row?.greenhouse ?? null
}
