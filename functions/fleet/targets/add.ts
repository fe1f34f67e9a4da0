import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { callerScope } from '../greenhouses/scope.ts'
import type { NewTarget, Target } from './contract.ts'
import { showTarget } from './show.ts'

/** Race: two targets of the same hours at once. The key lets one in, and the other one gets the conflict. */
export function addTarget(
  ctx: Ctx,
  { zoneId, target }: { zoneId: number; target: NewTarget },
): Promise<{ ok: true; value: Target } | Refused> {
  const { metric, min, max, hysteresis, from, until, clock } = target
  return effect(
    ctx,
    named('fleet.add-target')`
with place as materialized (
  select z.id, z.tenant_id, m.id as metric_id
  from fleet.zones z
  left join fleet.metrics m on m.name = ${metric}
  where z.id = ${zoneId}
),
created as (
  insert into fleet.zone_targets (tenant_id, zone_id, metric_id, min, max, hysteresis, from_time, until_time, clock)
  select tenant_id, id, metric_id, ${min}, ${max}, ${hysteresis}, ${from}::time, ${until}::time, ${clock}
  from place
  where metric_id is not null
  on conflict on constraint zone_targets_hours do nothing
  returning *
)
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'value', ${showTarget('t')}) from created t),
  (select case
    when metric_id is null
    then jsonb_build_object('ok', false, 'reason', 'unprocessable', 'detail', 'No metric has this name')
    else jsonb_build_object('ok', false, 'reason', 'conflict',
      'detail', 'The zone has a target of this metric from this time on')
  end from place),
  jsonb_build_object('ok', false, 'reason', 'not_found')
)`)}`,
    callerScope(ctx),
  )
}
