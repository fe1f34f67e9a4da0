import { sql } from 'drizzle-orm'
import { nodes } from '../../../schema/fleet/tables/nodes.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { changeVersion } from '../../core/versioned.ts'
import { callerScope } from '../greenhouses/scope.ts'
import type { Node } from './contract.ts'
import { decommissioned } from './decommissioned.ts'
import { idOfNode } from './id-of.ts'
import { showNode } from './show.ts'

/** For ten minutes the device may say hello for another credential, although it has used the present one. */
export function reprovisionNode(
  ctx: Ctx,
  { uid, version }: { uid: string; version: number },
): Promise<{ ok: true; value: Node } | Refused> {
  return changeVersion(ctx, {
    verb: 'fleet.reprovision-node',
    db: callerScope(ctx),
    table: nodes,
    id: idOfNode(uid),
    version,
    refusals: [
      {
        when: sql`found.lifecycle = 'DECOMMISSIONED'`,
        outcome: decommissioned,
      },
    ],
    set: [sql`reprovision_until = now() + interval '10 minutes'`],
    value: showNode('changed'),
  })
}
