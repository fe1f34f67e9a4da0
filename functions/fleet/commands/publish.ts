import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { openBroker } from '../configs/open-broker.ts'
import { everyTenant } from '../greenhouses/scope.ts'
import type { Command } from './contract.ts'
import { handOut } from './hand-out.ts'
import { sendAll } from './send-all.ts'
import { showCommand } from './show.ts'

/** Commands in one run; the others follow with the next cycles. */
const mostAtOnce = 500

/**
 * With a broker, sends the commands of a shard that no node has acknowledged, again in each cycle until one does. They are
 * sent before the broker has them: if it fails, nobody knows whether the node got them, so their budget is kept and the
 * node gets an `off`. A broker that is out leaves them queued. Never retained, because a later subscriber must not dose.
 * Those that are sent again are drawn by lot, so each has its turn.
 */
export async function publishCommands(
  ctx: Ctx,
  { shard, most = mostAtOnce }: { shard: number; most?: number },
): Promise<void> {
  const url = ctx.env.MQTT_URL
  if (url === undefined) return
  const db = ctx.db.with(everyTenant)
  const of = sql`c.zone_id % ${ctx.env.FLEET_SHARDS}::int = ${shard}::int`
  try {
    const [waiting] = await db.query(named('fleet.find-commands')`
select
from fleet.commands c
where c.state in ('QUEUED', 'SENT')
  and (c.expires_at is null or c.expires_at > now())
  and ${of}
limit 1`)
    if (waiting === undefined) return
    const broker = await openBroker(url)
    try {
      const sent = await db.query<{ greenhouse: string; command: Command }>(named('fleet.publish-commands')`
with ${handOut({ of, limit: most, repeats: sql`random()`, skipsLocked: true })}
select n.greenhouse_id::text as greenhouse, ${showCommand()} as command
from taken c
join fleet.nodes n on n.id = c.node_id
order by c.id`)
      const messages = sent.map(({ greenhouse, command }) => ({
        topic: `greenhouse/${greenhouse}/${command.zoneId}/${command.nodeUid}/command`,
        payload: command,
      }))
      await sendAll(ctx, broker, messages)
    } finally {
      broker.close()
    }
  } catch (error) {
    // The cycle has committed, and the next one sends them.
    ctx.log.error('publish_commands', error, { shard })
  }
}
