import { type SQL, sql } from 'drizzle-orm'

export function showAlert(): SQL {
  return sql`jsonb_build_object(
    'id', a.id, 'kind', a.kind, 'severity', a.severity, 'subject', a.subject, 'labels', a.labels, 'value', a.value,
    'peak', a.peak, 'count', a.count, 'since', core.iso(a.since), 'raisedAt', core.iso(a.raised_at),
    'seenAt', core.iso(a.seen_at), 'clearedAt', core.iso(a.cleared_at), 'ackedAt', core.iso(a.acked_at),
    'ackedBy', a.acked_by, 'note', a.note
  )`
}
