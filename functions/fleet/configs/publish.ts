import type { Ctx } from '../../core/context.ts'
import { guard } from '../../core/guard.ts'
import { named } from '../../core/named.ts'
import { locks } from '../../registry/locks.ts'
import type { NodeConfig } from './contract.ts'
import type { Broker } from './open-broker.ts'
import { isOffered, showConfig } from './show.ts'

type Claimed = { document: NodeConfig; greenhouse: string }

/** A publisher that dies delays the document by this time. */
const claimSeconds = 10
const mostRounds = 5

/**
 * Publishes the configuration of one node until the published version is the desired one. Returns how many documents it
 * sent.
 * Race: two publishers. The second finds the lock taken, or the claim, and skips the node. A change during the publication
 * raises the desired version, so the loop sends it too. The version is noted after the broker has it, so a rollback or a
 * death publishes again instead of never.
 */
export async function publishConfig(ctx: Ctx, broker: Broker, nodeId: number): Promise<number> {
  for (let sent = 0; sent < mostRounds; sent += 1) {
    const claim = await guard(ctx, [locks.fleetPublish, nodeId], [claiming(nodeId)])
    const [claimed] = claim.ran ? (claim.value[0] as Claimed[]) : []
    if (claimed === undefined) return sent
    const { document, greenhouse } = claimed
    const topic = `greenhouse/${greenhouse}/${document.zoneId ?? '-'}/${document.uid}/config`
    await broker.publish({ topic, payload: document, retain: true })
    await ctx.db.query(named('fleet.publish-config')`
update fleet.node_configs
set published_version = ${document.version}::int, published_at = now(), claimed_until = null
where node_id = ${nodeId}
  and published_version < ${document.version}::int`)
  }
  return mostRounds
}

function claiming(nodeId: number) {
  return named('fleet.claim-config')`
update fleet.node_configs c
set claimed_until = now() + make_interval(secs => ${claimSeconds})
from fleet.nodes n
where c.node_id = ${nodeId}
  and n.id = c.node_id
  and n.lifecycle <> 'DECOMMISSIONED'
  and c.published_version < c.desired_version
  and (c.claimed_until is null or c.claimed_until < now())
  and ${isOffered('c')}
returning ${showConfig()} as document, n.greenhouse_id::text as greenhouse`
}
