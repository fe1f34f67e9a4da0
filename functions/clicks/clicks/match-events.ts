import { sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'

/** So many parked events in one portion of the job. */
const portion = 1_000
/** So long a parked event waits for its click, which may lie in Spill or be delivered again. */
export const parkedHours = 24

/**
 * Stores parked events whose click has come, and removes those of another campaign's click and those that waited for a
 * day. The looks at one event are a minute after it was parked, and then each twice as late as the one before.
 * Race: a consumer stores the click at this moment. This look does not see it, the next one does.
 */
export function matchEvents(): Statement {
  return named('clicks.match-events')`
with due as materialized (
  select e.*
  from clicks.parked_events e
  where e.due_at <= now()
  order by e.due_at
  limit ${portion}
  for update skip locked
),
looked as materialized (
  select d.*, k.campaign_id as clicked_in
  from due d
  left join lateral (
    select c.campaign_id
    from clicks.clicks c
    where c.id = d.click_id
    offset 0
  ) k on true
),
decided as materialized (
  select l.*, case
    when l.clicked_in = coalesce(l.campaign_id, l.clicked_in) then 'stored'
    when l.clicked_in is null and l.created_at > now() - make_interval(hours => ${parkedHours}) then 'waits'
    else 'rejected'
  end as fate
  from looked l
),
stored as (
  insert into clicks.events (id, click_id, event_type, event_data, created_at)
  select id, click_id, event_type, event_data, uuid_extract_timestamp(id)
  from decided
  where fate = 'stored'
  order by id
  on conflict (id) do nothing
),
removed as (
  delete from clicks.parked_events
  where id in (select id from decided where fate <> 'waits')
),
delayed as (
  update clicks.parked_events p
  set due_at = least(now() + (now() - p.created_at), p.created_at + make_interval(hours => ${parkedHours}))
  from decided d
  where p.id = d.id
    and d.fate = 'waits'
),
done as (
  select count(*) filter (where fate = 'stored') as stored, count(*) filter (where fate = 'rejected') as rejected,
    count(*) = ${portion} as more
  from decided
)
select ${answer(sql`jsonb_build_object(
  'rows', stored + rejected, 'stored', stored, 'rejected', rejected, 'more', more,
  'outcome', case when stored + rejected = 0 then 'skipped' else 'ok' end
)`)}
from done`
}
