import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { Zone } from './contract.ts'
import { showZone } from './show.ts'

export async function readZone(ctx: Ctx, { id }: { id: number }): Promise<Zone | null> {
  const [row] = await replicaScope(ctx).query<{ zone: Zone }>(named('fleet.read-zone')`
select ${showZone('z')} as zone
from fleet.zones z
where z.id = ${id}`)
  return row?.zone ?? null
}
