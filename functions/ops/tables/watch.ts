import { type SQL, sql } from 'drizzle-orm'
import type { Rule } from '../../core/watch.ts'

/** A share of fewer blocks or rows in a minute says nothing. */
const fewest = 1_000

export const tableRules: readonly Rule[] = [
  {
    name: 'buffer_hits',
    severity: 'warning',
    unit: '% of the blocks of a minute',
    raise: 90,
    clear: 95,
    pendingFor: 300,
    clearFor: 0,
    value: () =>
      added(
        'buffer_hits',
        sql`
select sum(heap_blks_hit + coalesce(idx_blks_hit, 0))::float8, sum(heap_blks_read + coalesce(idx_blks_read, 0))::float8
from pg_statio_user_tables`,
        sql`100`,
      ),
    evidence: () => sql`
select '{}'::jsonb, jsonb_build_object('table', schemaname || '.' || relname, 'read', heap_blks_read + coalesce(idx_blks_read, 0))
from pg_statio_user_tables
order by heap_blks_read + coalesce(idx_blks_read, 0) desc`,
    advice:
      'The data in use has outgrown the memory of Postgres. GET /v1/ops/tables shows what grows; then choose a larger compute.',
  },
  {
    name: 'seq_scans',
    severity: 'warning',
    unit: '% of the rows of large tables read in a minute',
    raise: 10,
    clear: 5,
    pendingFor: 300,
    clearFor: 0,
    // Below ten thousand rows the planner rightly prefers to read the whole table.
    value: () =>
      added(
        'seq_scans',
        sql`
select sum(seq_tup_read)::float8, sum(coalesce(idx_tup_fetch, 0))::float8
from pg_stat_user_tables
where n_live_tup > 10000`,
        sql`0`,
      ),
    evidence: () => sql`
select '{}'::jsonb, jsonb_build_object('table', schemaname || '.' || relname, 'sequentialScans', seq_scan, 'rowsRead', seq_tup_read)
from pg_stat_user_tables
where n_live_tup > 10000
order by seq_tup_read desc`,
    advice:
      'A statement reads a large table whole. GET /v1/ops/queries?order=total finds it; GET /v1/ops/tables shows the table.',
  },
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

/**
 * The first of two counters as a share of both, of what was added since the last evaluation. Not known at first, and after
 * the counters began anew. `few`: the value when hardly anything was counted.
 */
function added(rule: string, counters: SQL, few: SQL): SQL {
  return sql`
select '{}'::jsonb as labels,
  case
    when b.a is null or p.a < b.a or p.b < b.b then null
    when p.a - b.a + p.b - b.b < ${fewest} then ${few}
    else 100 * (p.a - b.a) / (p.a - b.a + p.b - b.b)
  end::float8 as value,
  jsonb_build_object('a', p.a, 'b', p.b) as mark
from (select coalesce(a, 0) as a, coalesce(b, 0) as b from (${counters}) c (a, b)) p
left join lateral (
  select (v.measured -> 0 -> 'mark' ->> 'a')::float8 as a, (v.measured -> 0 -> 'mark' ->> 'b')::float8 as b
  from core.alert_values v
  where v.rule = ${rule}
    and v.at > now() - interval '10 minutes'
  order by v.at desc
  limit 1
) b on true`
}
