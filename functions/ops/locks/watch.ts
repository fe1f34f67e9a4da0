import { sql } from 'drizzle-orm'
import type { Rule } from '../../core/watch.ts'

export const lockRules: readonly Rule[] = [
  {
    name: 'blocked',
    severity: 'warning',
    unit: 'seconds',
    raise: 5,
    clear: 1,
    critical: 60,
    pendingFor: 0,
    clearFor: 0,
    value: () => sql`
select '{}'::jsonb as labels, coalesce(max(extract(epoch from clock_timestamp() - l.waitstart)), 0)::float8 as value
from pg_locks l
join pg_stat_activity s using (pid)
where not l.granted
  and s.datname = current_database()`,
    evidence: () => sql`
select '{}'::jsonb, jsonb_build_object(
  'pid', s.pid, 'role', s.role, 'application', s.application, 'blockedBy', to_jsonb(pg_blocking_pids(s.pid)),
  'waitSeconds', extract(epoch from clock_timestamp() - l.waitstart)::float8,
  'relation', l.relation::regclass::text, 'mode', l.mode
)
from pg_locks l
join core.show_sessions() s using (pid)
where not l.granted
  and s.database = current_database()
order by l.waitstart`,
    advice:
      'GET /v1/ops/locks shows who blocks whom. POST /v1/ops/locks/{pid}/cancel cancels the statement of a session of the Worker.',
  },
  {
    name: 'xmin_held',
    severity: 'warning',
    unit: 'seconds',
    raise: 5,
    clear: 1,
    critical: 600,
    pendingFor: 60,
    clearFor: 0,
    value: () => sql`
select '{}'::jsonb as labels,
  coalesce(max(extract(epoch from clock_timestamp() - transaction_at)), 0)::float8 as value
from core.show_sessions()
where xmin_age is not null
  and (database = current_database() or database is null)`,
    evidence: () => sql`
select '{}'::jsonb, jsonb_build_object(
  'pid', pid, 'role', role, 'application', application, 'state', state, 'kind', kind, 'xminAge', xmin_age,
  'transactionSeconds', extract(epoch from clock_timestamp() - transaction_at)::float8
)
from core.show_sessions()
where xmin_age is not null
  and (database = current_database() or database is null)
order by transaction_at`,
    advice:
      'An open transaction keeps vacuum from removing old rows, and readers of feeds may wait for it. GET /v1/ops/locks names it under horizon.',
  },
]
