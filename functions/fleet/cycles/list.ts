import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { Cycle } from './contract.ts'

type Query = {
  shard: number | null
  failed: boolean | null
  before: [slot: string, shard: number] | null
  limit: number
}

/** Newest first. */
export async function listCycles(ctx: Ctx, { shard, failed, before, limit }: Query): Promise<Cycle[]> {
  const [slot = null, ofShard = null] = before ?? []
  const rows = await replicaScope(ctx).query<{ cycle: Cycle }>(named('fleet.list-cycles')`
select jsonb_build_object(
  'shard', c.shard, 'slot', core.iso(c.slot), 'total', c.zones, 'success', c.success, 'failed', c.failed,
  'commands', c.commands, 'decisions', c.decisions, 'tookMs', c.took_ms, 'errors', c.errors
) as cycle
from fleet.cycles c
where (${shard}::int is null or c.shard = ${shard}::int)
  and (${failed}::boolean is null or (c.failed > 0) = ${failed}::boolean)
  and (${slot}::timestamptz is null or (c.slot, -c.shard) < (${slot}::timestamptz, -${ofShard}::int))
order by c.slot desc, c.shard
limit ${limit}`)
  return rows.map(({ cycle }) => cycle)
}
