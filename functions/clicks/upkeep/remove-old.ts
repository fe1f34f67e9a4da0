import { sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'

const portion = 5_000

/** Removes visitors after three days, and events as long after as the partitions of their clicks. */
export function removeOld(): Statement {
  return named('clicks.remove-old')`
with visitors as (
  delete from clicks.visitors
  where (campaign_id, visitor_key, day) in (
    select campaign_id, visitor_key, day
    from clicks.visitors
    where day < (now() at time zone 'UTC')::date - 2
    order by day
    limit ${portion}
  )
  returning 1
),
events as (
  delete from clicks.events
  where id in (
    select id from clicks.events where created_at < now() - interval '14 months' order by created_at limit ${portion}
  )
  returning 1
),
done as (
  select (select count(*) from visitors) as visitors, (select count(*) from events) as events
)
select ${answer(sql`jsonb_build_object(
  'rows', visitors + events,
  'more', visitors = ${portion} or events = ${portion},
  'outcome', case when visitors + events = 0 then 'skipped' else 'ok' end
)`)}
from done`
}
