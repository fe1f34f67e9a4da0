import { type SQL, sql } from 'drizzle-orm'

/**
 * The body of a lateral join that decides about a click: `rule_set_id`, `reasons` and `validity`, as decideValidity in
 * rules.ts says on paper. `rules` is a CTE with the rules in force (in-force.ts), and `facts` an expression.
 */
export function applyRules({ rules, facts }: { rules: string; facts: SQL }): SQL {
  return sql`
  select max(r.rule_set_id) as rule_set_id,
    coalesce(array_agg(r.name order by r.name collate "C") filter (where r.holds), '{}') as reasons,
    case
      when coalesce(sum(r.weight) filter (where r.holds), 0) < 100 then 'valid'
      when coalesce(sum(r.weight) filter (where r.holds and r.class = 'G'), 0) >= 100 then 'general'
      else 'sophisticated'
    end as validity
  from (
    select rule.*, clicks.rule_holds(${facts} -> rule.fact, rule.op, rule.value) as holds
    from ${sql.identifier(rules)} rule
  ) r`
}
