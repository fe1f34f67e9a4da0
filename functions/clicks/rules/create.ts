import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import type { NewRuleSet, RuleSet } from './contract.ts'

/** A draft. It decides about no click before it is activated, and is never changed: another draft replaces it. */
export function createRuleSet(ctx: Ctx, { name, rules }: NewRuleSet): Promise<RuleSet> {
  return effect(
    ctx,
    named('clicks.create-rule-set')`
with made as (
  insert into clicks.rule_sets (name) values (${name}) returning *
),
written as (
  insert into clicks.rules (rule_set_id, name, fact, op, value, weight, class, reason)
  select m.id, r.name, r.fact, r.op, r.value, r.weight, r.class, r.reason
  from made m
  cross join jsonb_to_recordset(${JSON.stringify(rules)}::jsonb) as r (
    name text, fact text, op text, value jsonb, weight int, class text, reason text
  )
  returning *
)
select ${answer(sql`jsonb_build_object(
  'id', m.id, 'name', m.name, 'state', m.state, 'createdAt', core.iso(m.created_at), 'activatedAt', null,
  'rules', coalesce((
    select jsonb_agg(jsonb_build_object(
      'name', r.name, 'fact', r.fact, 'op', r.op, 'value', r.value, 'weight', r.weight, 'class', r.class,
      'reason', r.reason
    ) order by r.name)
    from written r
  ), '[]')
)`)}
from made m`,
  )
}
