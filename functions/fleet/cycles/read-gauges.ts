import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Gauge } from '../../core/watch.ts'
import { everyTenant } from '../greenhouses/scope.ts'
import { readDepth } from '../telemetry/read-depth.ts'

type Found = { zones: number | null }

/**
 * The depth of the queue of samples, and the zones at once that would keep the rhythm: zones × their mean
 * time / period, from 5 to 50. It reads the newest cycle of each shard, of the last ten minutes.
 */
export async function readGauges(ctx: Ctx): Promise<Gauge[]> {
  const [depth, [found]] = await Promise.all([
    readDepth(ctx),
    ctx.db.with(everyTenant).query<Found>(named('fleet.read-gauges')`
select
  (
    select least(greatest(ceil(sum(newest.took_ms) / 1000 / ${ctx.env.TARGET_CYCLE_SECONDS}::float8), 5), 50)::float8
    from (
      select distinct on (c.shard) c.took_ms
      from fleet.cycles c
      where c.slot > now() - interval '10 minutes'
        and c.took_ms is not null
      order by c.shard, c.slot desc
    ) newest
  ) as zones`),
  ])
  return [
    ...gaugeOf('telemetry_queue_size', depth),
    ...gaugeOf('optimal_concurrency_zones', found?.zones ?? null),
  ]
}

function gaugeOf(name: Gauge['name'], value: number | null): Gauge[] {
  return value === null ? [] : [{ name, label: null, value }]
}
