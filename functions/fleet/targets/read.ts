import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { Target } from './contract.ts'
import { showTarget } from './show.ts'

export async function readTarget(ctx: Ctx, { id }: { id: number }): Promise<Target | null> {
  const [row] = await replicaScope(ctx).query<{ target: Target }>(named('fleet.read-target')`
select ${showTarget('t')} as target
from fleet.zone_targets t
where t.id = ${id}`)
  return row?.target ?? null
}
