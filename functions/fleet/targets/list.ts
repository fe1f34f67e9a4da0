import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { Target } from './contract.ts'
import { showTarget } from './show.ts'

/** The targets of a zone, sorted by id; null if the caller has no such zone. */
export async function listTargets(
  ctx: Ctx,
  { zoneId, after, limit }: { zoneId: number; after: number; limit: number },
): Promise<Target[] | null> {
  const [row] = await replicaScope(ctx).query<{ targets: Target[] }>(named('fleet.list-targets')`
select coalesce(
  (
    select jsonb_agg(${showTarget('t')} order by t.id)
    from (
      select *
      from fleet.zone_targets
      where zone_id = z.id
        and id > ${after}
      order by id
      limit ${limit}
    ) t
  ),
  '[]'
) as targets
from fleet.zones z
where z.id = ${zoneId}`)
  return row?.targets ?? null
}
