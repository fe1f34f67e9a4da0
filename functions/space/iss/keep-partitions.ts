import { type SQL, sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'

/** Creates partitions of the log three months ahead, drops them after thirteen months, and removes stored answers of upstreams after a week. */
export function keepPartitions(): SQL {
  return sql`
with months as (
  select space.keep_log_month(now() + ahead * interval '1 month') as made
  from generate_series(0, 3) ahead
),
removed as (
  delete from space.upstream_answers
  where (upstream, request, body_hash) in (
    select upstream, request, body_hash
    from space.upstream_answers
    where received_at < now() - interval '7 days'
    order by received_at
    limit 5000
  )
  returning 1
),
done as (
  select
    (select count(*) from months where made) as months_made,
    space.drop_log_months(now() - interval '13 months') as months_dropped,
    (select count(*) from removed) as answers_removed
)
select ${answer(sql`jsonb_build_object(
  'rows', months_made + months_dropped + answers_removed,
  'outcome', case when months_made + months_dropped + answers_removed > 0 then 'ok' else 'skipped' end,
  'monthsMade', months_made,
  'monthsDropped', months_dropped,
  'answersRemoved', answers_removed
)`)}
from done`
}
