import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { LatestValue } from './contract.ts'
import { showLatest } from './show.ts'

/** Null for no such zone. */
export async function readLatest(ctx: Ctx, { zoneId }: { zoneId: number }): Promise<LatestValue[] | null> {
  const [row] = await replicaScope(ctx).query<{ data: LatestValue[] }>(named('fleet.read-latest')`
select ${showLatest('z')} as data
from fleet.zones z
where z.id = ${zoneId}`)
  return row?.data ?? null
}
