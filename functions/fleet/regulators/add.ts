import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { callerScope } from '../greenhouses/scope.ts'
import type { NewRegulator, Regulator } from './contract.ts'
import { showRegulator } from './show.ts'

/** Race: two regulators of one value and direction at once. The key lets one in, and the other one gets the conflict. */
export function addRegulator(
  ctx: Ctx,
  regulator: NewRegulator,
): Promise<{ ok: true; value: Regulator } | Refused> {
  const { zoneId, metric, direction, nodeType, channel, dose, unit, pulseMs, maxRunMs } = regulator
  const { cooldownSeconds, budgetHour, budgetDay, enabled } = regulator
  return effect(
    ctx,
    named('fleet.add-regulator')`
with place as materialized (
  select
    z.id, z.tenant_id, m.id as metric_id,
    date_trunc('hour', now(), g.timezone) as hour_at,
    date_trunc('day', now(), g.timezone) as day_at
  from fleet.zones z
  join fleet.greenhouses g on g.id = z.greenhouse_id
  left join fleet.metrics m on m.name = ${metric}
  where z.id = ${zoneId}
),
created as (
  insert into fleet.regulators (
    tenant_id, zone_id, metric_id, direction, node_type, channel, dose, unit, pulse_ms, max_run_ms, cooldown_seconds,
    budget_hour, budget_day, enabled
  )
  select
    tenant_id, id, metric_id, ${direction}, ${nodeType}, ${channel}, ${dose}::numeric, ${unit}, ${pulseMs}::int,
    ${maxRunMs}::int, ${cooldownSeconds}::int, ${budgetHour}::numeric, ${budgetDay}::numeric, ${enabled}
  from place
  where metric_id is not null
  on conflict on constraint regulators_zone do nothing
  returning *
),
opened as (
  insert into fleet.dose_windows (regulator_id, tenant_id, hour_at, hour_budget, day_at, day_budget)
  select created.id, created.tenant_id, place.hour_at, created.budget_hour, place.day_at, created.budget_day
  from created, place
)
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'value', ${showRegulator('r')}) from created r),
  (select case
    when metric_id is null
    then jsonb_build_object('ok', false, 'reason', 'unprocessable', 'detail', 'No metric has this name')
    else jsonb_build_object('ok', false, 'reason', 'conflict',
      'detail', 'The zone has a regulator of this metric and direction')
  end from place),
  jsonb_build_object('ok', false, 'reason', 'not_found')
)`)}`,
    callerScope(ctx),
  )
}
