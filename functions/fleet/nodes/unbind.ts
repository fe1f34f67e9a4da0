import { sql } from 'drizzle-orm'
import { nodes } from '../../../schema/fleet/tables/nodes.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { changeVersion } from '../../core/versioned.ts'
import { raiseConfig } from '../configs/raise.ts'
import { callerScope } from '../greenhouses/scope.ts'
import type { Node } from './contract.ts'
import { idOfNode } from './id-of.ts'
import { leaveZone } from './leave-zone.ts'
import { showNode } from './show.ts'

/** Race: the node is bound elsewhere at the same moment. That raised the version, so this changes nothing. */
export function unbindNode(
  ctx: Ctx,
  { uid, version }: { uid: string; version: number },
): Promise<{ ok: true; value: Node } | Refused> {
  return changeVersion(ctx, {
    verb: 'fleet.unbind-node',
    db: callerScope(ctx),
    table: nodes,
    id: idOfNode(uid),
    version,
    refusals: [
      {
        when: sql`not exists (select from fleet.zone_slots s where s.node_id = found.id)`,
        outcome: sql`jsonb_build_object('ok', false, 'reason', 'illegal_transition',
          'detail', 'This node is in no zone', 'from', found.lifecycle)`,
      },
    ],
    set: [
      sql`lifecycle = case when t.lifecycle = 'MAINTENANCE' then t.lifecycle else 'REGISTERED_BACKEND' end`,
    ],
    also: sql`,${leaveZone()},${raiseConfig('changed')}`,
    value: showNode('changed', { zone: sql`null`, config: 'configured' }),
  })
}
