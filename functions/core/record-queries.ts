/**
 * The cost of our statements in Postgres, over restarts, resets and evictions of its statistics.
 *
 * Guarantee: each reading adds what Postgres counted since the one before. Nothing is reset. Where Postgres began anew
 * (another `stats_since`, or a smaller number), the whole new value counts. So the sums equal a recount, but for what was
 * counted between a reading and such a beginning; `resets` and `evictedAt` say that it happened.
 * How a caller loses: without pg_stat_statements there is no row, and readers say why. Driver: any; one statement.
 */
import { sql } from 'drizzle-orm'
import { answer } from './idempotency.ts'
import { named, type Statement } from './named.ts'

/** Readings are five minutes apart. The clock ticks each minute, and a tick between two readings finds no work. */
const readingMinutes = 5
const kept = { fineDays: 2, coarseDays: 60 }

export function recordQueries(): Statement {
  return named('core.record-queries')`
with due as materialized (
  select r.removed
  from (select) one
  left join core.query_reads r on true
  where r.read_at is null
    or r.read_at <= now() - make_interval(mins => ${readingMinutes}::int, secs => -30)
),
seen as materialized (
  select s.*
  from due
  cross join core.own_statements() s
),
grown as materialized (
  select t.*, m.query_id is not null and (
      m.stats_since <> t.stats_since or t.calls < m.calls or t.total_ms < m.total_ms or t.rows < m.rows
      or t.blocks_hit < m.blocks_hit or t.blocks_read < m.blocks_read or t.temp_bytes < m.temp_bytes
      or t.wal_bytes < m.wal_bytes
    ) as anew, m
  from seen t
  left join core.query_marks m using (query_id)
),
added as materialized (
  select name,
    sum(calls - case when anew then 0 else coalesce((m).calls, 0) end)::bigint as calls,
    sum(total_ms - case when anew then 0 else coalesce((m).total_ms, 0) end) as total_ms,
    sum(greatest(squares_ms - case when anew then 0 else coalesce((m).squares_ms, 0) end, 0)) as squares_ms,
    sum(rows - case when anew then 0 else coalesce((m).rows, 0) end)::bigint as rows,
    sum(blocks_hit - case when anew then 0 else coalesce((m).blocks_hit, 0) end)::bigint as blocks_hit,
    sum(blocks_read - case when anew then 0 else coalesce((m).blocks_read, 0) end)::bigint as blocks_read,
    sum(temp_bytes - case when anew then 0 else coalesce((m).temp_bytes, 0) end)::bigint as temp_bytes,
    sum(wal_bytes - case when anew then 0 else coalesce((m).wal_bytes, 0) end) as wal_bytes,
    count(*) filter (where anew)::int as resets
  from grown
  group by name
),
counted as (
  insert into core.query_stats as q
    (name, minutes, begins, calls, total_ms, squares_ms, rows, blocks_hit, blocks_read, temp_bytes, wal_bytes, resets)
  select name, 5, date_bin('5 minutes', now(), 'epoch'), calls, total_ms, squares_ms, rows, blocks_hit, blocks_read,
    temp_bytes, wal_bytes, resets
  from added
  where calls > 0
  order by name
  ${addingUp}
  returning 1
),
marked as (
  insert into core.query_marks as m
    (query_id, name, calls, total_ms, squares_ms, rows, blocks_hit, blocks_read, temp_bytes, wal_bytes, stats_since, read_at)
  select query_id, name, calls, total_ms, squares_ms, rows, blocks_hit, blocks_read, temp_bytes, wal_bytes, stats_since, now()
  from seen
  order by query_id
  on conflict (query_id) do update
  set calls = excluded.calls, total_ms = excluded.total_ms, squares_ms = excluded.squares_ms, rows = excluded.rows,
      blocks_hit = excluded.blocks_hit, blocks_read = excluded.blocks_read, temp_bytes = excluded.temp_bytes,
      wal_bytes = excluded.wal_bytes, stats_since = excluded.stats_since, read_at = excluded.read_at
  where (m.calls, m.stats_since) is distinct from (excluded.calls, excluded.stats_since)
    -- The mark of an idle statement is kept, or all that it ever cost would be added again.
    or m.read_at < now() - interval '1 day'
),
texts as (
  insert into core.query_texts as t (query_id, name, text)
  select g.query_id, g.name, g.query
  from grown g
  where (g.m).query_id is null or (g.m).read_at < now() - interval '1 day'
  order by g.query_id
  on conflict (query_id) do update set last_seen_at = now()
),
read as (
  insert into core.query_reads as r (id, read_at, removed, statements)
  select 1, now(), coalesce((select max(removed) from seen), 0), (select count(*) from seen)
  from due
  on conflict (id) do update
  set read_at = excluded.read_at, removed = excluded.removed, statements = excluded.statements,
      evicted_at = case when excluded.removed > r.removed then now() else r.evicted_at end
)
select ${answer(sql`jsonb_build_object(
  'rows', (select count(*) from counted),
  'outcome', case when exists (select from due) then 'ok' else 'skipped' end
)`)}`
}

/** Adds up the readings of old hours, and removes what is older than 60 days. */
export function foldQueries(): Statement {
  return named('core.fold-queries')`
with fine as (
  delete from core.query_stats
  where minutes = 5
    and begins < date_trunc('hour', now()) - make_interval(days => ${kept.fineDays}::int)
  returning *
),
folded as (
  insert into core.query_stats as q
    (name, minutes, begins, calls, total_ms, squares_ms, rows, blocks_hit, blocks_read, temp_bytes, wal_bytes, resets)
  select name, 60, date_trunc('hour', begins), sum(calls)::bigint, sum(total_ms), sum(squares_ms), sum(rows)::bigint,
    sum(blocks_hit)::bigint, sum(blocks_read)::bigint, sum(temp_bytes)::bigint, sum(wal_bytes), sum(resets)::int
  from fine
  group by 1, 3
  order by 1, 3
  ${addingUp}
  returning 1
),
old as (
  delete from core.query_stats
  where minutes = 60
    and begins < now() - make_interval(days => ${kept.coarseDays}::int)
  returning 1
),
old_marks as (
  delete from core.query_marks where read_at < now() - make_interval(days => ${kept.coarseDays}::int)
),
old_texts as (
  delete from core.query_texts where last_seen_at < now() - make_interval(days => ${kept.coarseDays}::int)
)
select ${answer(sql`jsonb_build_object(
  'rows', (select count(*) from folded), 'folded', (select count(*) from fine), 'removed', (select count(*) from old)
)`)}`
}

/** Adds the new costs to the row of the same name and time. */
const addingUp = sql`
on conflict (name, minutes, begins) do update
  set calls = q.calls + excluded.calls, total_ms = q.total_ms + excluded.total_ms,
      squares_ms = q.squares_ms + excluded.squares_ms, rows = q.rows + excluded.rows,
      blocks_hit = q.blocks_hit + excluded.blocks_hit, blocks_read = q.blocks_read + excluded.blocks_read,
      temp_bytes = q.temp_bytes + excluded.temp_bytes, wal_bytes = q.wal_bytes + excluded.wal_bytes,
      resets = q.resets + excluded.resets`
