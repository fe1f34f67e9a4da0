import { type SQL, sql } from 'drizzle-orm'

/**
 * For each source the percentage of postbacks of the last day that were given up; a superseded one was not. Ids rise with
 * time, so the newest older postback bounds the scan: of thirty kept days it reads one.
 */
export function measureGivenUp(): SQL {
  return sql`
select jsonb_build_object('source', p.traffic_source_id) as labels,
  (100.0 * count(*) filter (where p.state = 'dead' and p.outcome is distinct from 'superseded') / count(*))::float8 as value
from clicks.postbacks_out p
where p.id > coalesce((
    select older.id
    from clicks.postbacks_out older
    where older.created_at <= now() - interval '1 day'
    order by older.id desc
    limit 1
  ), 0)
group by p.traffic_source_id`
}
