import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { Simulate, Simulation } from './contract.ts'

/**
 * The regulator as it is and as it would be, both over the same recorded minutes and by the cycle's own function. Null: the
 * caller has no such regulator.
 */
export async function simulateRegulator(
  ctx: Ctx,
  { id, simulate: { change, from, to } }: { id: number; simulate: Simulate },
): Promise<Simulation | null> {
  const { range, ...rest } = change
  const changes = JSON.stringify({ ...rest, ...range })
  const [row] = await replicaScope(ctx).query<{ simulation: Simulation }>(named('fleet.simulate-regulator')`
with known as materialized (
  select
    r.zone_id, r.metric_id, r.unit,
    jsonb_build_object(
      'direction', r.direction, 'dose', r.dose, 'cooldownSeconds', r.cooldown_seconds, 'budgetHour', r.budget_hour,
      'budgetDay', r.budget_day, 'staleAfter', m.stale_after, 'timezone', g.timezone
    ) as setting
  from fleet.regulators r
  join fleet.metrics m on m.id = r.metric_id
  join fleet.zones z on z.id = r.zone_id
  join fleet.greenhouses g on g.id = z.greenhouse_id
  where r.id = ${id}
),
present as materialized (
  select s.*, (known.setting ->> 'dose')::numeric as dose
  from known
  cross join lateral fleet.simulate(
    known.zone_id, known.metric_id, known.setting, ${from}::timestamptz, ${to}::timestamptz
  ) s
),
changed as materialized (
  select s.*, (known.setting || ${changes}::jsonb ->> 'dose')::numeric as dose
  from known
  cross join lateral fleet.simulate(
    known.zone_id, known.metric_id, known.setting || ${changes}::jsonb, ${from}::timestamptz,
    ${to}::timestamptz
  ) s
),
differing as materialized (
  select p.at, p.value, p.outcome as present, c.outcome as changed
  from present p
  join changed c on c.at = p.at
  where p.outcome <> c.outcome
)
select jsonb_build_object(
  'minutes', (select count(*) from present),
  'measured', (select count(*) from present where value is not null),
  'unit', known.unit,
  'present', (
    select jsonb_build_object('doses', count(*), 'amount', coalesce(sum(dose), 0)) from present where outcome = 'dosed'
  ),
  'changed', (
    select jsonb_build_object('doses', count(*), 'amount', coalesce(sum(dose), 0)) from changed where outcome = 'dosed'
  ),
  'differing', (select count(*) from differing),
  'examples', coalesce((
    select jsonb_agg(jsonb_build_object(
      'at', core.iso(at), 'value', value, 'present', present, 'changed', changed
    ) order by at)
    from (select * from differing order by at limit 20) first
  ), '[]'),
  'model', 'Replays the values that were measured. It models no plant: another dose would have changed them.'
) as simulation
from known`)
  return row?.simulation ?? null
}
