import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Rule as Watched } from '../../core/watch.ts'
import type { Rule } from './contract.ts'

const mostValues = 100

/** Each rule with its limits, its newest values and the worst state of the things that it watches. */
export async function listRules(ctx: Ctx, rules: readonly Watched[]): Promise<Rule[]> {
  const rows = rules.map(
    ({ name, severity, unit, raise, clear, critical = null, pendingFor, clearFor, advice }) => ({
      name,
      severity,
      unit,
      raise,
      clear,
      critical,
      pendingFor,
      clearFor,
      advice,
    }),
  )
  const found = await ctx.db.query<{ rule: Rule }>(named('ops.list-rules')`
select g.rule || jsonb_build_object(
  'state', coalesce(worst.state, case when newest.at is null then 'never evaluated' else 'ok' end),
  'silenced', exists (
    select
    from core.silences s
    where s.ended_at is null
      and (s.until is null or s.until > now())
      and (s.rule is null or s.rule = g.rule ->> 'name')
      and s.labels = '{}'
  ),
  'asOf', core.iso(newest.at),
  'measured', coalesce((
    select jsonb_agg(m - 'mark' order by m -> 'labels')
    from (
      select m
      from jsonb_array_elements(newest.measured) m
      order by
        (m ->> 'value')::float8 * case when (g.rule ->> 'raise')::float8 < (g.rule ->> 'clear')::float8 then 1 else -1 end,
        m -> 'labels'
      limit ${mostValues}
    ) m
  ), '[]')
) as rule
from jsonb_array_elements(${JSON.stringify(rows)}::jsonb) with ordinality g (rule, place)
left join lateral (
  select a.state
  from core.alerts a
  where a.rule = g.rule ->> 'name'
    and a.ended_at is null
  order by array_position(array['firing', 'unknown', 'pending'], a.state)
  limit 1
) worst on true
left join lateral (
  select v.at, v.measured
  from core.alert_values v
  where v.rule = g.rule ->> 'name'
    and v.at > now() - interval '1 day'
  order by v.at desc
  limit 1
) newest on true
order by g.place`)
  return found.map(({ rule }) => rule)
}
