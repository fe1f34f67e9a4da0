import { sql } from 'drizzle-orm'
import type { Watch } from '../core/watch.ts'

const most = 10_000

const verified = () => sql`select view, drift_keys, verified_at from ledger.show_view_checks(1000)`

export const ledgerWatch: Watch = {
  verified,
  rules: [
    {
      name: 'view_drift',
      severity: 'critical',
      unit: 'rows that differ from a recount',
      raise: 0,
      clear: 0,
      pendingFor: 0,
      clearFor: 0,
      value: () => sql`
select jsonb_build_object('view', v.view) as labels, v.drift_keys::float8 as value
from (${verified()}) v`,
      evidence: () => sql`
select jsonb_build_object('view', v.view), jsonb_build_object('rows', v.drift_keys, 'verifiedAt', core.iso(v.verified_at))
from (${verified()}) v`,
      advice:
        'A view differs from its events. The tenant sees the rows with GET /v1/ledger/views/{view}/differences; POST …/rebuild repairs them.',
    },
    {
      name: 'ledger_drift',
      severity: 'critical',
      unit: 'differences',
      raise: 0,
      clear: 0,
      pendingFor: 0,
      clearFor: 0,
      absent: 'clear',
      value: () => sql`
select jsonb_build_object('tenant', tenant_id) as labels, open::float8 as value
from ledger.count_open_alerts()`,
      evidence: () => sql`
select jsonb_build_object('tenant', tenant_id), jsonb_build_object(
  'alert', id, 'kind', kind, 'raisedAt', core.iso(raised_at), 'seenAt', core.iso(seen_at)
)
from ledger.show_open_alerts(20)`,
      advice:
        'An invariant of the ledger is broken, and the account is quarantined. GET /v1/ledger/alerts shows the tenant the rows.',
    },
  ],
  queues: [
    {
      kind: 'unfolded',
      queues: () => sql`
select 'balance deltas' as name, ledger.count_waiting(${most}) as depth, null::float8 as oldest_seconds, null::float8 as per_minute`,
    },
  ],
}
