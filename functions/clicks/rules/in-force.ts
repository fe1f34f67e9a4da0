import { type SQL, sql } from 'drizzle-orm'

/** The body of a CTE: the rules of the active set. A set without rules is one row without a rule. */
export function rulesInForce(): SQL {
  return sql`
  select s.id as rule_set_id, r.name, r.fact, r.op, r.value, r.weight, r.class
  from clicks.rule_sets s
  left join clicks.rules r on r.rule_set_id = s.id
  where s.state = 'active'`
}
