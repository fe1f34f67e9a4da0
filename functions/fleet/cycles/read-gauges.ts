import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Gauge } from '../../core/watch.ts'
import { everyTenant } from '../greenhouses/scope.ts'
import { readDepth } from '../telemetry/read-depth.ts'

/**
 * The depth of the queue of samples, and the zones at once that would keep the rhythm: zones × their mean time / period, from 5
 * to 50. It reads the newest cycle of each shard, of the last ten minutes.
 */
export async function readGauges(ctx: Ctx): Promise<Gauge[]> {
  const [depth, [found]] = await Promise.all([
    readDepth(ctx),
    ctx.db.with(everyTenant).query<{ zones: number | null }>(named('fleet.read-gauges')`
select least(greatest(ceil(sum(newest.took_ms) / 1000 / ${ctx.env.TARGET_CYCLE_SECONDS}::float8), 5), 50)::float8 as zones
from (
  select distinct on (c.shard) c.took_ms
  from fleet.cycles c
  where c.slot > now() - interval '10 minutes'
    and c.took_ms is not null
  order by c.shard, c.slot desc
) newest`),
  ])
  const zones = found?.zones ?? null
  return [
    ...(depth === null ? [] : [{ name: 'telemetry_queue_size', label: null, value: depth } as const]),
    ...(zones === null ? [] : [{ name: 'optimal_concurrency_zones', label: null, value: zones } as const]),
  ]
}
