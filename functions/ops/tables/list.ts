import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Table, TableOrder } from './contract.ts'

type Order = (typeof TableOrder)['_output']['order']

const orders: Record<Order, SQL> = {
  size: sql`total_bytes desc`,
  name: sql`name`,
  dead: sql`dead_rows desc`,
  sequential: sql`seq_scan desc`,
}

/** The tables of all rows with their sizes, their growth and the state of vacuum; at most 500. */
export async function listTables(ctx: Ctx, order: Order): Promise<{ asOf: string; data: Table[] }> {
  const [found] = await ctx.db.query<{ asOf: string; data: Table[] }>(named('ops.list-tables')`
with tables as (
  select
    u.schemaname || '.' || u.relname as name, c.reltuples, u.n_dead_tup as dead_rows, u.seq_scan, u.idx_scan,
    pg_relation_size(c.oid) as table_bytes, pg_indexes_size(c.oid) as index_bytes,
    pg_total_relation_size(c.oid) as total_bytes,
    greatest(u.last_vacuum, u.last_autovacuum) as vacuumed_at,
    greatest(u.last_analyze, u.last_autoanalyze) as analyzed_at,
    io.heap_blks_hit::float8 / nullif(io.heap_blks_hit + io.heap_blks_read, 0) as hit_ratio,
    age(c.relfrozenxid) as xid_age
  from pg_stat_user_tables u
  join pg_class c on c.oid = u.relid
  join pg_statio_user_tables io using (relid)
),
chosen as (
  select *, row_number() over (order by ${orders[order]}, name) as place
  from tables
  order by ${orders[order]}, name
  limit 500
)
select core.iso(now()) as "asOf", coalesce(jsonb_agg(jsonb_build_object(
  'name', t.name, 'rows', case when t.reltuples >= 0 then t.reltuples::bigint end, 'deadRows', t.dead_rows,
  'tableBytes', t.table_bytes, 'indexBytes', t.index_bytes, 'totalBytes', t.total_bytes,
  'growthBytesPerDay', grown.per_day,
  'vacuumedAt', core.iso(t.vacuumed_at), 'analyzedAt', core.iso(t.analyzed_at),
  'hitRatio', t.hit_ratio,
  'sequentialShare', t.seq_scan::float8 / nullif(t.seq_scan + coalesce(t.idx_scan, 0), 0),
  'xidAge', t.xid_age, 'identityLeft', i.left_share
) order by t.place), '[]') as data
from chosen t
left join core.show_identities() i on i.relation = t.name
left join lateral (
  select (t.table_bytes - first.bytes)::float8 / nullif(current_date - first.day, 0) as per_day
  from (
    select d.bytes, d.day
    from core.relation_days d
    where d.relation = t.name
      and d.day >= current_date - 14
    order by d.day
    limit 1
  ) first
) grown on true`)
  return found ?? { asOf: ctx.now().toISOString(), data: [] }
}
