import { sql } from 'drizzle-orm'
import { answer } from './idempotency.ts'
import { named, type Statement } from './named.ts'

/** The limit of messages per run. A run every 15 minutes keeps up with a hundred messages a second. */
const batch = 100_000

/**
 * Removes the messages of sources that have sent nothing for seven days, a whole source at a time, because a part of its
 * numbers would show a gap. A gap that it closes becomes the `missing` of its minute. Replayed dead messages and minutes
 * go after 400 days.
 */
export function removeOldMessages(): Statement {
  return named('core.remove-old-messages')`
with idle as (
  select stream, source, answered - items as gap, last_at,
    sum(messages) over (order by received_at, stream, source) - messages as before_it
  from core.ingest_sources
  where received_at < now() - interval '7 days'
  order by received_at
  limit 1000
),
closed as materialized (
  delete from core.ingest_sources s
  using idle i
  where s.stream = i.stream
    and s.source = i.source
    and i.before_it < ${batch}
    and s.received_at < now() - interval '7 days'
  returning s.stream, s.source, s.answered - s.items as gap, s.last_at
),
messages as (
  delete from core.ingest_messages m
  using closed c
  where m.stream = c.stream
    and m.source = c.source
  returning 1
),
missing as (
  insert into core.ingest_minutes as m (stream, minute, missing)
  select stream, date_trunc('minute', last_at), sum(gap)
  from closed
  where gap <> 0
  group by 1, 2
  order by 1, 2
  on conflict (stream, minute) do update set missing = m.missing + excluded.missing
  returning 1
),
dead as (
  delete from core.dead_messages
  where id in (select id from core.dead_messages where replayed_at < now() - interval '400 days' limit ${batch})
  returning 1
),
minutes as (
  delete from core.ingest_minutes
  where (stream, minute) in (
    select stream, minute from core.ingest_minutes where minute < now() - interval '400 days' limit ${batch}
  )
  returning 1
),
counts as (
  select (select count(*) from messages) as messages, (select count(*) from missing) as missing,
    (select count(*) from dead) as dead, (select count(*) from minutes) as minutes
)
select ${answer(
    sql`jsonb_build_object('rows', messages + dead + minutes, 'messages', messages, 'minutesWithMissing', missing)`,
  )}
from counts`
}
