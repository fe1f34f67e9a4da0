import { sql } from 'drizzle-orm'
import { nodes } from '../../../schema/fleet/tables/nodes.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { hasSqlstate } from '../../core/sqlstate.ts'
import { changeVersion } from '../../core/versioned.ts'
import { raiseConfig } from '../configs/raise.ts'
import { callerScope } from '../greenhouses/scope.ts'
import type { Node } from './contract.ts'
import { decommissioned } from './decommissioned.ts'
import { idOfNode } from './id-of.ts'
import { leaveBehind } from './leave-behind.ts'
import { showNode } from './show.ts'

type Bind = { uid: string; version: number; zoneId: number }

/**
 * Puts a node into a zone, from none or from another.
 * Race: two nodes of a type enter one zone. Neither sees the other, but the key of the slots takes one row, and the
 * loser is decided again on a snapshot that has the winner.
 */
export function bindNode(
  ctx: Ctx,
  { uid, version, zoneId }: Bind,
): Promise<{ ok: true; value: Node } | Refused> {
  const zone = sql`(select z.greenhouse_id from fleet.zones z where z.id = ${zoneId})`
  const holder = sql`(
    select n.uid
    from fleet.zone_slots s
    join fleet.nodes n on n.id = s.node_id
    where s.zone_id = ${zoneId}
      and s.node_type = found.type
      and s.node_id <> found.id
  )`
  const here = sql`exists (
    select from fleet.zone_slots s where s.node_id = changed.id and s.zone_id = ${zoneId}
  )`
  return changeVersion(ctx, {
    verb: 'fleet.bind-node',
    db: callerScope(ctx),
    table: nodes,
    id: idOfNode(uid),
    version,
    isOutdated: (error) => hasSqlstate(error, '23505'),
    refusals: [
      {
        when: sql`${zone} is null`,
        outcome: sql`jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'This zone does not exist')`,
      },
      {
        when: sql`found.lifecycle = 'DECOMMISSIONED'`,
        outcome: decommissioned,
      },
      {
        when: sql`${zone} <> found.greenhouse_id`,
        outcome: sql`jsonb_build_object('ok', false, 'reason', 'unprocessable',
          'detail', 'The zone is in another greenhouse than the node')`,
      },
      {
        when: sql`${holder} is not null`,
        outcome: sql`jsonb_build_object('ok', false, 'reason', 'zone_has_node_of_type', 'nodeUid', ${holder})`,
      },
    ],
    set: [
      sql`lifecycle = case when t.lifecycle = 'REGISTERED_BACKEND' then 'ASSIGNED_TO_ZONE' else t.lifecycle end`,
    ],
    also: sql`,
moved as (
  update fleet.zone_slots s
  set zone_id = ${zoneId}
  from changed
  where s.node_id = changed.id
  returning s.node_id
),
placed as (
  insert into fleet.zone_slots (tenant_id, zone_id, node_type, node_id)
  select tenant_id, ${zoneId}, type, id
  from changed
  where not exists (select from fleet.zone_slots s where s.node_id = changed.id)
),
${leaveBehind({ from: sql`changed`, id: sql`changed.id`, after: sql`moved`, into: zoneId })},
-- The count makes this wait for "ended": one open binding a node. The first zone of a node also has the samples that the
-- node measured before it was placed, as far back as samples are accepted, because no other zone has them.
begun as (
  insert into fleet.zone_bindings (tenant_id, zone_id, node_id, from_at)
  select tenant_id, ${zoneId}, id,
    case when exists (select from fleet.zone_bindings b where b.node_id = changed.id) then now()
      else now() - interval '30 days' end
  from changed
  where (select count(*) from ended) >= 0
    and not ${here}
),${raiseConfig('changed')}`,
    value: showNode('changed', { zone: sql`${zoneId}::bigint`, config: 'configured' }),
  })
}
