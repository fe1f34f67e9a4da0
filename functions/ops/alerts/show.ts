import { type SQL, sql } from 'drizzle-orm'
import type { Rule } from '../../core/watch.ts'

/** CTE `rules`: the limits of the rules as they are now. */
export function rulesAsRows(rules: readonly Rule[]): SQL {
  return sql`
rules as materialized (
  select *
  from jsonb_to_recordset(${JSON.stringify(rules)}::jsonb) as r (
    name text, unit text, raise float8, clear float8, critical float8, advice text
  )
)`
}

/** The fields of an alert, over the alias `a`, its rule `r` and the CTE `rules`. */
export function showAlert(): SQL {
  return sql`jsonb_build_object(
    'id', a.id, 'rule', a.rule, 'labels', a.labels, 'state', a.state, 'severity', a.severity, 'value', a.value,
    'unit', r.unit, 'raise', r.raise, 'clear', r.clear, 'critical', r.critical, 'peak', a.peak, 'count', a.count,
    'firstSeenAt', core.iso(a.since), 'lastSeenAt', core.iso(a.seen_at), 'firedAt', core.iso(a.fired_at),
    'clearingSince', core.iso(a.clearing_since), 'endedAt', core.iso(a.ended_at), 'flapping', a.flapping,
    'silenced', ${isSilenced()}, 'why', a.why, 'evidence', a.evidence, 'advice', r.advice,
    'ackedAt', core.iso(a.acked_at), 'ackedBy', a.acked_by, 'note', a.note
  )`
}

/** Whether a silence holds back the messages of the alert `a`. */
export function isSilenced(): SQL {
  return sql`exists (
    select
    from core.silences s
    where s.ended_at is null
      and (s.until is null or s.until > now())
      and (s.rule is null or s.rule = a.rule)
      and a.labels @> s.labels
  )`
}
