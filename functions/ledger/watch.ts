import { sql } from 'drizzle-orm'
import type { Watch } from '../core/watch.ts'

const most = 10_000

export const ledgerWatch: Watch = {
  rules: [
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
select jsonb_build_object('tenant', tenant_id) as labels, count(*)::float8 as value
from ledger.show_open_alerts(1000)
group by tenant_id`,
      evidence: () => sql`
select jsonb_build_object('tenant', tenant_id), jsonb_build_object(
  'alert', id, 'kind', kind, 'raisedAt', core.iso(raised_at), 'seenAt', core.iso(seen_at)
)
from ledger.show_open_alerts(1000)`,
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
