import { sql } from 'drizzle-orm'

/** A set of rules over `s` (clicks.rule_sets). */
export const showRuleSet = sql`jsonb_build_object(
    'id', s.id, 'name', s.name, 'state', s.state, 'createdAt', core.iso(s.created_at),
    'activatedAt', core.iso(s.activated_at),
    'rules', coalesce((
      select jsonb_agg(jsonb_build_object(
        'name', r.name, 'fact', r.fact, 'op', r.op, 'value', r.value, 'weight', r.weight, 'class', r.class,
        'reason', r.reason
      ) order by r.name)
      from clicks.rules r
      where r.rule_set_id = s.id
    ), '[]')
  )`
