import { sql } from 'drizzle-orm'
import { nodes } from '../../../schema/fleet/tables/nodes.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { changeVersion } from '../../core/versioned.ts'
import { callerScope } from '../greenhouses/scope.ts'
import type { Node, NodeChange } from './contract.ts'
import { idOfNode } from './id-of.ts'
import { showNode } from './show.ts'

type Edit = { uid: string; version: number; change: NodeChange }

/** After maintenance a node is assigned or registered; its next contact makes an assigned one active. */
export function editNode(
  ctx: Ctx,
  { uid, version, change: { name, maintenanceUntil } }: Edit,
): Promise<{ ok: true; value: Node } | Refused> {
  const until = maintenanceUntil ?? null
  const isAbout = maintenanceUntil !== undefined
  const bound = sql`exists (select from fleet.zone_slots s where s.node_id = t.id)`
  return changeVersion(ctx, {
    verb: 'fleet.edit-node',
    db: callerScope(ctx),
    table: nodes,
    id: idOfNode(uid),
    version,
    refusals: [
      {
        when: sql`${isAbout} and (found.lifecycle = 'DECOMMISSIONED'
          or ${until}::timestamptz is null and found.lifecycle <> 'MAINTENANCE')`,
        outcome: sql`jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', found.lifecycle)`,
      },
      {
        when: sql`${until}::timestamptz <= now()`,
        outcome: sql`jsonb_build_object('ok', false, 'reason', 'unprocessable',
          'detail', 'maintenanceUntil must be in the future')`,
      },
    ],
    set: [
      sql`name = ${name === undefined ? sql`t.name` : name}`,
      sql`maintenance_until = ${isAbout ? sql`${until}::timestamptz` : sql`t.maintenance_until`}`,
      sql`lifecycle = case
        when not ${isAbout} then t.lifecycle
        when ${until}::timestamptz is not null then 'MAINTENANCE'
        when ${bound} then 'ASSIGNED_TO_ZONE'
        else 'REGISTERED_BACKEND'
      end`,
    ],
    value: showNode('changed'),
  })
}
