import { sql } from 'drizzle-orm'
import { actorOf } from '../../core/caller.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { callerScope } from '../greenhouses/scope.ts'
import { modeOf } from '../zones/show.ts'
import type { Command, NewCommand } from './contract.ts'
import { showCommand } from './show.ts'

/**
 * A person's command for a node of a zone that is not regulated.
 * Race: the zone becomes automatic at the same moment. The statement holds the zone's row, so either the command is void
 * by the higher epoch, or it is refused.
 */
export function orderCommand(
  ctx: Ctx,
  { zoneId, command }: { zoneId: number; command: NewCommand },
): Promise<{ ok: true; value: Command } | Refused> {
  const { kind, nodeUid, channel, ttlSeconds, amount = null, runMs = null, maxRunMs = null } = command
  const unit = kind === 'dose' ? (command.unit ?? 'ml') : null
  return effect(
    ctx,
    named('fleet.order-command')`
with zone as materialized (
  select z.id, z.tenant_id, z.epoch, ${modeOf('z')} as mode
  from fleet.zones z
  where z.id = ${zoneId}
  for share
),
node as (
  select n.id, n.uid
  from zone
  join fleet.zone_slots s on s.zone_id = zone.id
  join fleet.nodes n on n.id = s.node_id
  where n.uid = ${nodeUid}
),
ordered as (
  insert into fleet.commands (
    tenant_id, node_id, zone_id, zone_epoch, kind, channel, amount, unit, run_ms, max_run_ms, ordered_by, expires_at
  )
  select
    zone.tenant_id, node.id, zone.id, zone.epoch, ${kind}, ${channel}, ${amount}::float8, ${unit}, ${runMs}::int,
    ${maxRunMs}::int, ${actorOf(ctx)},
    case when ${kind}::text <> 'off' then now() + make_interval(secs => ${ttlSeconds}) end
  from zone
  cross join node
  where zone.mode <> 'auto'
  returning *
)
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'value', ${showCommand()}) from ordered c join node n on n.id = c.node_id),
  (
    select case
      when mode = 'auto' then jsonb_build_object('ok', false, 'reason', 'zone_in_auto')
      else jsonb_build_object('ok', false, 'reason', 'unprocessable', 'detail', 'This node is not in the zone')
    end
    from zone
  ),
  jsonb_build_object('ok', false, 'reason', 'not_found')
)`)}`,
    callerScope(ctx),
  )
}
