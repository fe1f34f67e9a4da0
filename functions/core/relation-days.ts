import { sql } from 'drizzle-orm'
import { answer } from './idempotency.ts'
import { named, type Statement } from './named.ts'

/** Records the size of each table and index and the scans of each index for today, once a day, and keeps 60 days. */
export function recordRelations(): Statement {
  return named('core.record-relations')`
with old as (
  delete from core.relation_days
  where day < current_date - 60
  returning 1
),
recorded as (
  insert into core.relation_days (relation, day, bytes, scans)
  select n.nspname || '.' || c.relname, current_date, pg_relation_size(c.oid), u.idx_scan
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_stat_user_indexes u on u.indexrelid = c.oid
  where c.relkind in ('r', 'm', 'i')
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    and n.nspname !~ '^pg_temp'
  order by 1
  on conflict (relation, day) do nothing
  returning 1
)
select ${answer(sql`jsonb_build_object('rows', (select count(*) from recorded), 'removed', (select count(*) from old))`)}`
}
