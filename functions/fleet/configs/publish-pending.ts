import type { Ctx } from '../../core/context.ts'
import type { JobResult } from '../../core/job.ts'
import { named } from '../../core/named.ts'
import { openBroker } from './open-broker.ts'
import { publishConfig } from './publish.ts'
import { isOffered } from './show.ts'

/** Nodes in one run; the others follow a minute later. */
const mostNodes = 200

/**
 * Sends what is pending over one connection, which is closed again: nothing stays awake for the broker. A document that the
 * broker did not take keeps the time of its claim and comes last in the next run, so it stops no others.
 */
export async function publishPending(ctx: Ctx): Promise<JobResult> {
  const url = ctx.env.MQTT_URL
  if (url === undefined) return { rows: 0, outcome: 'skipped' }
  const pending = await ctx.db.query<{ id: string }>(named('fleet.publish-pending')`
select c.node_id as id
from fleet.node_configs c
join fleet.nodes n on n.id = c.node_id
where c.published_version < c.desired_version
  and n.lifecycle <> 'DECOMMISSIONED'
  and ${isOffered('c')}
order by c.claimed_until nulls first, c.desired_at
limit ${mostNodes}`)
  if (pending.length === 0) return { rows: 0, outcome: 'skipped' }
  const broker = await openBroker(url)
  try {
    let rows = 0
    for (const { id } of pending) rows += await publishConfig(ctx, broker, Number(id))
    return { rows }
  } finally {
    broker.close()
  }
}
