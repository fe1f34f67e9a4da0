import { type SQL, sql } from 'drizzle-orm'

/**
 * The body of a lateral join that decides about a click: `rule_set_id`, `reasons` and `validity`, as decideValidity in
 * rules.ts says on paper. `rules` is a CTE with the rules in force (in-force.ts), and `facts` an expression.
 */
export function applyRules({ rules, facts }: { rules: string; facts: SQL }): SQL {
  const name = sql.identifier(rules)
  return sql`
  select (select max(rule_set_id) from ${name}) as rule_set_id,
    coalesce(array_agg(rule.name order by rule.name collate "C"), '{}') as reasons,
    case
      when coalesce(sum(rule.weight), 0) < 100 then 'valid'
      when coalesce(sum(rule.weight) filter (where rule.class = 'G'), 0) >= 100 then 'general'
      else 'sophisticated'
    end as validity
  from ${name} rule
  where clicks.rule_holds(${facts} -> rule.fact, rule.op, rule.value)`
}
