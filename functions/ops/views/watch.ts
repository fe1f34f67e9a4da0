import { type SQL, sql } from 'drizzle-orm'
import type { Rule } from '../../core/watch.ts'
import { staleAfterSeconds } from '../../registry/views.ts'

/** A view that is refreshed every day is not compared again, and each refresh is a recount. */
function isRecent(): SQL {
  return sql`r.recounted_at > now() - interval '25 hours'`
}

export const viewRules: readonly Rule[] = [
  {
    name: 'view_stale',
    severity: 'warning',
    unit: 'periods of its refresh',
    raise: 3,
    clear: 1.5,
    pendingFor: 0,
    clearFor: 0,
    absent: 'clear',
    // Answers say `stale` after two periods.
    value: () => sql`
select jsonb_build_object('view', s.view) as labels, s.age_seconds / (limits.seconds / 2) as value
from core.get_views_refresh_status() s
cross join lateral (select (${JSON.stringify(staleAfterSeconds)}::jsonb ->> s.view)::float8 as seconds) limits
where s.last_refresh is not null
  and limits.seconds is not null`,
    evidence: () => sql`
select jsonb_build_object('view', s.view), jsonb_build_object(
  'lastRefresh', core.iso(s.last_refresh), 'ageSeconds', s.age_seconds, 'durationMs', s.duration_ms,
  'pendingWrites', s.pending_writes
)
from core.get_views_refresh_status() s
where s.last_refresh is not null`,
    advice: 'The job that refreshes the view fails or is paused. See GET /v1/ops/jobs and GET /v1/ops/views.',
  },
  {
    name: 'view_recount',
    severity: 'warning',
    unit: 'rows',
    raise: 0,
    clear: 0,
    pendingFor: 0,
    clearFor: 0,
    absent: 'clear',
    value: () => sql`
select jsonb_build_object('view', r.view) as labels, r.drift_keys::float8 as value
from core.view_recounts r
where ${isRecent()}`,
    evidence: () => sql`
select jsonb_build_object('view', r.view), jsonb_build_object('rows', r.drift_keys, 'comparedAt', core.iso(r.recounted_at))
from core.view_recounts r
where r.drift_keys > 0
  and ${isRecent()}`,
    advice:
      'A write to a source of the view was not counted. The run that found it has repaired the view. Look for the cause: for example a session without triggers, a dropped partition, a rebuild.',
  },
]
