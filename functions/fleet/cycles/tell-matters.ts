import type { Ctx } from '../../core/context.ts'
import type { Matter } from '../../core/matter.ts'
import { named } from '../../core/named.ts'
import { everyTenant } from '../greenhouses/scope.ts'
import { readBacklog } from '../telemetry/read-backlog.ts'

/** Cycles that may be late before the operator is shown it. */
const lateCycles = 4

/** How full the queue of telemetry is, and when each shard last decided about its zones. */
export async function tellMatters(ctx: Ctx): Promise<Matter[]> {
  const { FLEET_SHARDS: shards, TARGET_CYCLE_SECONDS: cycleSeconds } = ctx.env
  const [share, found] = await Promise.all([
    readBacklog(ctx),
    ctx.db.with(everyTenant).query<{ shard: number; age: number | null }>(named('fleet.last-cycle')`
select s.shard, extract(epoch from now() - last.slot)::float8 as age
from generate_series(0, ${shards}::int - 1) s (shard)
left join lateral (
  select max(c.slot) as slot
  from fleet.cycles c
  where c.shard = s.shard
    and c.slot > now() - interval '1 day'
) last on true
order by s.shard`),
  ])
  const limit = lateCycles * cycleSeconds
  return [
    {
      name: 'telemetry backlog',
      ok: share < 0.9,
      detail: `${Math.round(share * 100)} % of the messages that may wait`,
      ageSeconds: 1,
    },
    ...found.map(({ shard, age }) => ({
      name: `last cycle of shard ${shard}`,
      ok: age === null ? null : age <= limit,
      detail: age === null ? 'no cycle within a day' : `limit ${limit} s`,
      ageSeconds: age,
    })),
  ]
}
