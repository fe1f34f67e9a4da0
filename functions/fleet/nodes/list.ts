import type { Lifecycle } from '../../../schema/fleet/states.ts'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { Node } from './contract.ts'
import { isStale, showNode } from './show.ts'

type Wanted = {
  zone: number | null
  state: Lifecycle | null
  stale: boolean | null
  drift: boolean | null
  after: number
  limit: number
}

type Row = { id: string; node: Node }

/** `id` is the position of the row in the list; callers see the uid only. */
export async function listNodes(ctx: Ctx, wanted: Wanted): Promise<{ id: number; node: Node }[]> {
  const { zone, state, stale, drift, after, limit } = wanted
  const rows = await replicaScope(ctx).query<Row>(named('fleet.list-nodes')`
select n.id, ${showNode('n')} as node
from fleet.nodes n
where n.id > ${after}
  and (${state}::text is null or n.lifecycle = ${state})
  and (${zone}::bigint is null or exists (
    select from fleet.zone_slots s where s.node_id = n.id and s.zone_id = ${zone}
  ))
  and (${stale}::boolean is null or (${isStale('n')}) = ${stale})
  and (${drift}::boolean is null or exists (
    select
    from fleet.node_configs c
    where c.node_id = n.id
      and (c.drifted_at is not null and n.lifecycle <> 'DECOMMISSIONED') = ${drift}
  ))
order by n.id
limit ${limit}`)
  return rows.map(({ id, node }) => ({ id: Number(id), node }))
}
