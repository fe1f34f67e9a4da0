import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { callerScope } from '../greenhouses/scope.ts'
import { decommissioned } from '../nodes/decommissioned.ts'
import type { NodeConfig, SettingsChange } from './contract.ts'
import { raiseConfig } from './raise.ts'

type Change = { uid: string; version: number; change: SettingsChange }

/**
 * Race: two operators change the settings from one version. The row is locked before its version is compared, so one of
 * them gets `version_mismatch`.
 */
export function changeConfig(
  ctx: Ctx,
  { uid, version, change }: Change,
): Promise<{ ok: true; value: NodeConfig } | Refused> {
  return effect(
    ctx,
    named('fleet.change-config')`
with found as materialized (
  select n.id, n.uid, n.lifecycle, c.desired_version
  from fleet.nodes n
  join fleet.node_configs c on c.node_id = n.id
  where n.uid = ${uid}
  for update of c
),
decided as (
  select case
    when desired_version <> ${version}::int then jsonb_build_object(
      'ok', false, 'reason', 'version_mismatch', 'current', desired_version)
    when lifecycle = 'DECOMMISSIONED' then ${decommissioned}
  end as refused
  from found
),
changed as (
  select found.id, found.uid
  from found, decided
  where decided.refused is null
),${raiseConfig('changed', change.settings)}
select ${answer(sql`coalesce(
  (
    select jsonb_build_object('ok', true, 'value', jsonb_build_object(
      'uid', c.uid,
      'version', c.desired_version,
      'zoneId', (select s.zone_id from fleet.zone_slots s where s.node_id = c.node_id),
      'settings', c.settings,
      'desiredAt', core.iso(c.desired_at)
    ))
    from configured c
  ),
  (select refused from decided),
  jsonb_build_object('ok', false, 'reason', 'not_found')
)`)}`,
    callerScope(ctx),
  )
}
