import type { Ctx } from '../../core/context.ts'
import type { Matter } from '../../core/matter.ts'
import { named } from '../../core/named.ts'
import { everyTenant } from '../greenhouses/scope.ts'
import { readBacklog } from '../telemetry/read-backlog.ts'

/** Cycles that may be late before the operator is shown it. */
const lateCycles = 4

/** How full the queue of telemetry is, and when each shard last decided about its zones. */
export async function tellMatters(ctx: Ctx): Promise<Matter[]> {
  const [share, [found]] = await Promise.all([
    readBacklog(ctx),
    ctx.db.with(everyTenant).query<{ age: number | null }>(named('fleet.last-cycle')`
select extract(epoch from now() - max(c.slot))::float8 as age
from fleet.cycles c
where c.slot > now() - interval '1 day'`),
  ])
  const age = found?.age ?? null
  const limit = lateCycles * ctx.env.TARGET_CYCLE_SECONDS
  return [
    {
      name: 'telemetry backlog',
      ok: share < 0.9,
      detail: `${Math.round(share * 100)} % of the messages that may wait`,
      ageSeconds: 1,
    },
    {
      name: 'last cycle',
      ok: age === null ? null : age <= limit,
      detail: age === null ? 'no cycle within a day' : `limit ${limit} s`,
      ageSeconds: age,
    },
  ]
}
