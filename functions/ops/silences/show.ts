import { type SQL, sql } from 'drizzle-orm'

/** The fields of a silence, over the alias `s`. */
export function showSilence(): SQL {
  return sql`jsonb_build_object(
    'id', s.id, 'rule', s.rule, 'labels', s.labels, 'reason', s.reason, 'by', s.by, 'since', core.iso(s.since),
    'until', core.iso(s.until), 'untilResolved', s.until is null, 'endedAt', core.iso(s.ended_at), 'endedBy', s.ended_by,
    'alerts', case when s.ended_at is not null or s.until <= now() then 0 else (
      select count(*)
      from core.alerts a
      where a.ended_at is null
        and (s.rule is null or s.rule = a.rule)
        and a.labels @> s.labels
    ) end
  )`
}
