import { sql } from 'drizzle-orm'
import type { Rule } from '../../core/watch.ts'

export const tableRules: readonly Rule[] = [
  {
    name: 'identity_left',
    severity: 'warning',
    unit: '% of the numbers left',
    raise: 50,
    clear: 51,
    critical: 20,
    pendingFor: 0,
    clearFor: 0,
    value: () => sql`
select '{}'::jsonb as labels, min(100 * left_share)::float8 as value
from core.show_identities()`,
    evidence: () => sql`
select '{}'::jsonb, jsonb_build_object('table', relation, 'leftShare', left_share)
from core.show_identities()
order by left_share`,
    advice: 'The identity column of a table will run out: widen it to bigint before it does.',
  },
  {
    name: 'xid_age',
    severity: 'warning',
    unit: 'transactions',
    raise: 500_000_000,
    clear: 400_000_000,
    critical: 1_000_000_000,
    pendingFor: 0,
    clearFor: 0,
    value: () => sql`
select '{}'::jsonb as labels, max(age(datfrozenxid))::float8 as value
from pg_database`,
    evidence: () => sql`
select '{}'::jsonb, jsonb_build_object('table', c.oid::regclass::text, 'age', age(c.relfrozenxid))
from pg_class c
where c.relkind in ('r', 't', 'm')
order by age(c.relfrozenxid) desc
limit 20`,
    advice:
      'Vacuum does not freeze old rows. Look for a transaction that holds the horizon (GET /v1/ops/locks), then vacuum the oldest tables.',
  },
]
