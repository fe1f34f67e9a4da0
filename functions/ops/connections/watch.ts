import { sql } from 'drizzle-orm'
import type { Rule } from '../../core/watch.ts'

export const connectionRules: readonly Rule[] = [
  {
    name: 'connections',
    severity: 'warning',
    unit: '%',
    raise: 80,
    clear: 60,
    critical: 95,
    pendingFor: 0,
    clearFor: 60,
    value: () => sql`
select '{}'::jsonb as labels,
  (100.0 * (1 + count(*) filter (where kind = 'client backend')) / (
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
      - current_setting('reserved_connections')::int
  ))::float8 as value
from core.show_sessions()`,
    evidence: () => sql`
select '{}'::jsonb, jsonb_build_object('role', role, 'application', application, 'state', state, 'sessions', count(*))
from core.show_sessions()
where kind = 'client backend'
group by role, application, state
order by count(*) desc`,
    advice:
      'GET /v1/ops/connections shows who holds them. End idle sessions of tools, or use the pooled host of the database.',
  },
]
