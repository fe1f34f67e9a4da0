import { type SQL, sql } from 'drizzle-orm'
import { storeFresh } from './consume.ts'
import type { Ctx } from './context.ts'
import { answer } from './idempotency.ts'
import type { IngestQueue } from './ingest-message.ts'
import { named, type Statement } from './named.ts'
import { noteAction } from './note-action.ts'

/** Messages by their ids, or the oldest ones after an id. */
export type Chosen = { ids?: readonly number[] | undefined; after?: number | undefined }

/** Messages that one request replays without ids. */
export const most = 100

/** The id to continue after, or null if no message that may be replayed follows it. */
export function nextAfter(last: SQL, { stream }: IngestQueue): SQL {
  return sql`(
    select ${last}
    where exists (
      select from core.dead_messages where stream = ${stream} and replayed_at is null and id > ${last}
    )
  )`
}

/**
 * The statement that stores dead messages after all: those with these ids, or the oldest of the stream, after a given one. It
 * ends in an `answer` of { data: [{ id, outcome, reason }], left, next }.
 * Race: two operators replay one message. The second waits for the row and then finds it replayed. Its number may be taken
 * by a message that was stored; then it is not `fresh`, and nothing is stored again.
 */
export function replaying(ctx: Ctx, queue: IngestQueue, { ids, after = 0 }: Chosen): Statement {
  const wanted = ids === undefined ? sql`null` : sql`${sql.param(ids)}`
  return named('core.replay')`
with locked as materialized (
  select id, body
  from core.dead_messages
  where stream = ${queue.stream}
    and replayed_at is null
    and (${wanted}::bigint[] is null or id = any(${wanted}::bigint[]))
    and id > ${after}
  order by id
  limit ${most}
  for update
),
readable as materialized (
  select l.id, m.*
  from locked l
  cross join lateral jsonb_to_record(l.body::jsonb)
    as m (v int, source uuid, n int, at timestamptz, answered bigint, items jsonb, shared jsonb)
  where m.v = 1
),
messages as materialized (
  select distinct on (source, n) source, n, at, answered, items, shared from readable order by source, n
),
fresh as (
  insert into core.ingest_messages as m (stream, source, n, at, answered, items)
  select ${queue.stream}::text, source, n, at, answered, jsonb_array_length(items)
  from messages
  order by source, n
  on conflict (stream, source, n) do update set dead = false where m.dead
  returning source, n, at, answered, items, coalesce(old.dead, false) as was_dead
),
${storeFresh(queue.stream, queue.store(ctx))},
replayed as (
  update core.dead_messages d
  set replayed_at = now()
  from readable r
  where d.id = r.id
  returning d.id, d.stream
),
noted as (${noteAction(ctx, {
    action: 'dead.replay',
    from: 'replayed',
    subject: sql`'dead:' || id`,
    detail: sql`jsonb_build_object('stream', stream)`,
  })}
),
reported as (
  select l.id, r.id is not null as stored from locked l left join replayed r using (id)
  union all
  select id, null from unnest(${wanted}::bigint[]) id where id not in (select id from locked)
)
select ${answer(sql`jsonb_build_object(
  'data', coalesce((
    select jsonb_agg(jsonb_build_object(
      'id', id,
      'outcome', case when stored then 'stored' when not stored then 'failed' else 'not_found' end,
      'reason', case when not stored then 'unknown_version' end
    ) order by id)
    from reported
  ), '[]'),
  'left', (select count(*) from core.dead_messages where stream = ${queue.stream} and replayed_at is null)
    - (select count(*) from replayed),
  'next', ${nextAfter(sql`(select max(id) from locked where ${wanted}::bigint[] is null)`, queue)}
)`)}`
}
