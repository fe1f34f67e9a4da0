import type { Ctx } from '../../core/context.ts'
import type { JobResult } from '../../core/job.ts'
import type { Lease } from '../../core/lease.ts'
import { named } from '../../core/named.ts'
import { openBroker } from './open-broker.ts'
import { publishConfig } from './publish.ts'
import { isOffered } from './show.ts'

/** So many nodes are read at once. The next run goes on after `runMs`. */
const bounds = { mostNodes: 200, runMs: 30_000 }

/**
 * Sends what is pending over one connection, which is closed again: nothing stays awake for the broker. Tenants take turns.
 * A document that the broker did not take keeps the time of its claim and comes last in the next run, so it stops no others.
 */
export async function publishPending(
  ctx: Ctx,
  _lease: Lease | null,
  { mostNodes, runMs } = bounds,
): Promise<JobResult> {
  const url = ctx.env.MQTT_URL
  if (url === undefined) return { rows: 0, outcome: 'skipped' }
  const end = ctx.now().getTime() + runMs
  let pending = await pendingNodes(ctx, mostNodes)
  if (pending.length === 0) return { rows: 0, outcome: 'skipped' }
  const broker = await openBroker(url)
  try {
    let rows = 0
    for (;;) {
      const before = rows
      for (const { id } of pending) rows += await publishConfig(ctx, broker, Number(id))
      const more = pending.length === mostNodes && rows > before
      if (!more || ctx.now().getTime() >= end) return { rows, more }
      pending = await pendingNodes(ctx, mostNodes)
    }
  } finally {
    broker.close()
  }
}

function pendingNodes(ctx: Ctx, most: number): Promise<{ id: string }[]> {
  return ctx.db.query(named('fleet.publish-pending')`
select c.node_id as id
from fleet.node_configs c
join fleet.nodes n on n.id = c.node_id
where c.published_version < c.desired_version
  and (c.claimed_until is null or c.claimed_until < now())
  and n.lifecycle <> 'DECOMMISSIONED'
  and ${isOffered('c')}
order by
  c.claimed_until nulls first,
  row_number() over (partition by c.tenant_id order by c.claimed_until nulls first, c.desired_at),
  c.desired_at
limit ${most}`)
}
