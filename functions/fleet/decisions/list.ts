import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { Decision } from './contract.ts'

type Query = {
  zoneId: number
  at: string | null
  before: [at: string, regulatorId: number] | null
  limit: number
}

/** Of a zone, newest first, or those that held at a moment. Null: the caller has no such zone. */
export async function listDecisions(
  ctx: Ctx,
  { zoneId, at, before, limit }: Query,
): Promise<Decision[] | null> {
  const [moment = at, regulator = null] = before ?? []
  const [row] = await replicaScope(ctx).query<{ decisions: Decision[] }>(named('fleet.list-decisions')`
select coalesce(
  (
    select jsonb_agg(shown.decision order by shown.at desc, shown.regulator_id desc)
    from (
      select
        d.at,
        d.regulator_id,
        jsonb_build_object(
          'regulatorId', r.id, 'metric', m.name, 'direction', r.direction, 'at', core.iso(d.at), 'outcome', d.outcome,
          'text', case d.outcome
            when 'dosed' then format('dosed %s %s: %s is %s', c.amount::float8, c.unit, m.name, d.value)
            when 'in_range' then format('did nothing: %s is %s, in its range', m.name, d.value)
            when 'stale' then
              format('did nothing: %s is %s min old', m.name, floor(extract(epoch from d.at - d.measured_at) / 60))
            when 'suspect' then format('did nothing: %s is %s', m.name, d.quality)
            when 'no_value' then format('did nothing: %s has no value', m.name)
            when 'no_target' then format('did nothing: %s has no target', m.name)
            when 'no_actuator' then 'did nothing: the zone has no node for the commands'
            when 'unacknowledged' then 'waits: the last command has not ended'
            when 'opposed' then 'waits: the opposite dose takes effect'
            when 'cooldown' then 'waits: the last dose takes effect'
            when 'budget_exhausted' then
              format('did nothing: the budgets allow %s more', least(d.hour_left, d.day_left)::float8)
            else format('did nothing: %s', d.outcome)
          end,
          'inputs', jsonb_build_object(
            'value', d.value, 'measuredAt', core.iso(d.measured_at),
            'ageSeconds', round(extract(epoch from d.at - d.measured_at), 3), 'quality', d.quality, 'nodeUid', n.uid,
            'target', case when d.target_id is not null then jsonb_build_object(
              'id', d.target_id, 'version', d.target_version, 'min', d.low, 'max', d.high, 'hysteresis', d.hysteresis
            ) end,
            'hourLeft', d.hour_left, 'dayLeft', d.day_left, 'regulatorVersion', d.regulator_version
          ),
          'commandId', d.command_id
        ) as decision
      from fleet.regulators r
      join fleet.metrics m on m.id = r.metric_id
      cross join lateral (
        select *
        from fleet.decisions
        where regulator_id = r.id
          and (${moment}::timestamptz is null or decisions.at <= ${moment}::timestamptz)
          and (${regulator}::bigint is null or (decisions.at, regulator_id) < (${moment}::timestamptz, ${regulator}::bigint))
        order by decisions.at desc
        limit ${at === null ? limit : 1}
      ) d
      left join fleet.commands c on c.id = d.command_id
      left join fleet.nodes n on n.id = d.node_id
      where r.zone_id = z.id
      order by d.at desc, d.regulator_id desc
      limit ${limit}
    ) shown
  ),
  '[]'
) as decisions
from fleet.zones z
where z.id = ${zoneId}`)
  return row?.decisions ?? null
}
