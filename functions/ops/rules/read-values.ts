import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Rule } from '../../core/watch.ts'
import type { RuleValues } from './contract.ts'

const [mostThings, mostPoints] = [5, 360]

type Found = { things: number; data: RuleValues['data'] }

/**
 * The kept values of a rule, for a chart: the worst value of each step, of the things whose values were the worst. A step
 * in which the value was not known is null.
 */
export async function readRuleValues(ctx: Ctx, rule: Rule, hours: number): Promise<RuleValues> {
  const stepSeconds = Math.max(60, Math.ceil((hours * 3_600) / mostPoints / 60) * 60)
  const highIsBad = rule.raise >= rule.clear
  const worst = sql.raw(highIsBad ? 'max' : 'min')
  const [found] = await ctx.db.query<Found>(named('ops.read-rule-values')`
with kept as (
  select m -> 'labels' as labels, (m ->> 'value')::float8 as value,
    date_bin(make_interval(secs => ${stepSeconds}), v.at, 'epoch') as at
  from core.alert_values v
  cross join lateral jsonb_array_elements(v.measured) m
  where v.rule = ${rule.name}
    and v.at > now() - make_interval(hours => ${hours})
),
points as (
  select labels, ${worst}(value) as value, at
  from kept
  group by labels, at
),
things as (
  select labels, ${worst}(value) as value,
    jsonb_agg(jsonb_build_object('at', core.iso(at), 'value', value) order by at) as points
  from points
  group by labels
),
shown as (
  select labels, points
  from things
  order by value ${sql.raw(highIsBad ? 'desc' : 'asc')} nulls last, labels
  limit ${mostThings}
)
select (select count(*)::int from things) as things,
  (select coalesce(jsonb_agg(jsonb_build_object('labels', labels, 'points', points) order by labels), '[]') from shown) as data`)
  const { name, unit, raise, clear, critical = null } = rule
  return {
    rule: name,
    unit,
    raise,
    clear,
    critical,
    stepSeconds,
    things: found?.things ?? 0,
    data: found?.data ?? [],
  }
}
