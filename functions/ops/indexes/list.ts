import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { daysToJudge } from '../rules.ts'
import type { Index } from './contract.ts'

/** The indexes of all rows, the largest first, each with the days since it was last used; at most 500. */
export async function listIndexes(ctx: Ctx): Promise<{ asOf: string; data: Index[] }> {
  const [found] = await ctx.db.query<{ asOf: string; data: Index[] }>(named('ops.list-indexes')`
with indexes as (
  select u.schemaname || '.' || u.indexrelname as name, u.schemaname || '.' || u.relname as table_name,
    i.indexrelid, i.indrelid, pg_relation_size(i.indexrelid) as bytes, u.idx_scan as scans, u.last_idx_scan,
    i.indisunique or exists (select from pg_constraint c where c.conindid = i.indexrelid) as is_constraint,
    not i.indisvalid as is_invalid,
    obj_description(i.indexrelid, 'pg_class') as serves,
    (i.indkey::text, i.indclass::text, i.indoption::text, pg_get_expr(i.indexprs, i.indrelid),
      pg_get_expr(i.indpred, i.indrelid))::text as shape
  from pg_stat_user_indexes u
  join pg_index i using (indexrelid)
  order by bytes desc, name
  limit 500
),
-- A count that fell began anew: what it shows then was scanned since.
days as (
  select d.relation, d.day, d.scans,
    d.scans - case when d.scans >= lag(d.scans) over w then lag(d.scans) over w else 0 end as more
  from core.relation_days d
  where d.scans is not null
  window w as (partition by d.relation order by d.day)
),
uses as (
  select relation, count(*)::int as recorded,
    current_date - coalesce(max(day) filter (where more > 0), min(day)) as unused_days,
    (array_agg(scans order by day desc))[1] as last_scans
  from days
  group by relation
),
judged as (
  select i.*, coalesce(u.recorded, 0) as recorded,
    case when i.scans > coalesce(u.last_scans, i.scans) then 0 else u.unused_days end as unused_days,
    (
      select o.name
      from indexes o
      where o.indrelid = i.indrelid
        and o.shape = i.shape
        and o.indexrelid <> i.indexrelid
      order by o.name
      limit 1
    ) as duplicate_of
  from indexes i
  left join uses u on u.relation = i.name
)
select core.iso(now()) as "asOf", coalesce(jsonb_agg(jsonb_build_object(
  'name', name, 'table', table_name, 'sizeBytes', bytes, 'scans', scans, 'lastScan', core.iso(last_idx_scan),
  'constraint', is_constraint, 'invalid', is_invalid, 'duplicateOf', duplicate_of, 'serves', serves,
  'recordedDays', recorded, 'unusedDays', unused_days,
  'verdict', case
    when is_invalid then 'invalid'
    when is_constraint then 'constraint'
    when unused_days >= ${daysToJudge} then 'unused'
    when recorded < ${daysToJudge} and coalesce(unused_days, 1) > 0 then 'too early to say'
    else 'used'
  end
) order by bytes desc, name), '[]') as data
from judged`)
  return found ?? { asOf: ctx.now().toISOString(), data: [] }
}
