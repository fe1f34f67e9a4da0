import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { Zone } from './contract.ts'
import { showZone } from './show.ts'

type Wanted = { greenhouse: number | null; after: number; limit: number }

export async function listZones(ctx: Ctx, { greenhouse, after, limit }: Wanted): Promise<Zone[]> {
  const rows = await replicaScope(ctx).query<{ zone: Zone }>(named('fleet.list-zones')`
select ${showZone('z')} as zone
from fleet.zones z
where z.id > ${after}
  and (${greenhouse}::bigint is null or z.greenhouse_id = ${greenhouse})
order by z.id
limit ${limit}`)
  return rows.map(({ zone }) => zone)
}
