import { sql } from 'drizzle-orm'
import { nodes } from '../../../schema/fleet/tables/nodes.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { changeVersion } from '../../core/versioned.ts'
import { raiseConfig } from '../configs/raise.ts'
import { callerScope } from '../greenhouses/scope.ts'
import type { Node } from './contract.ts'
import { decommissioned } from './decommissioned.ts'
import { idOfNode } from './id-of.ts'
import { leaveZone } from './leave-zone.ts'
import { showNode } from './show.ts'

/** Final: the slot is free, and the next generation makes the credential invalid. */
export function decommissionNode(
  ctx: Ctx,
  { uid, version }: { uid: string; version: number },
): Promise<{ ok: true; value: Node } | Refused> {
  return changeVersion(ctx, {
    verb: 'fleet.decommission-node',
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
    set: [
      sql`lifecycle = 'DECOMMISSIONED'`,
      sql`gen = t.gen + 1`,
      sql`maintenance_until = null`,
      sql`reprovision_until = null`,
    ],
    also: sql`,${leaveZone()},${raiseConfig('changed')}`,
    value: showNode('changed', { zone: sql`null`, config: 'configured' }),
  })
}
