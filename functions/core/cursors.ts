/**
 * The cursors that Postgres keeps: how far each reader has read a feed, and how far retention has removed it.
 *
 * Guarantee: a cursor only moves forward, in the transaction of the work that it stands for. Two readers under one name
 * take turns, because the second waits for the lock of the first. Retention that removes events only up to
 * `slowestCursor` removes none that a reader has yet to read.
 * How a caller loses: the second reader finds the cursor moved and reads nothing twice. Retention does not know a reader
 * before its cursor first moved.
 * The caller must lock the cursor in the statement that reads from it. Its snapshot is older than that lock, so it may
 * find nothing; it must then be repeated. Driver: any.
 */
import { type SQL, sql } from 'drizzle-orm'

/** The name of a reader's cursor in a feed. Stored names do not change: a reader would begin anew under another one. */
export function cursorOfReader(reader: string, feed: string): string {
  return `${reader}:${feed}`
}

/** The name of the cursor that stands at the last event that retention removed. */
export function removedUpTo(feed: string): string {
  return `removed:${feed}`
}

/** An expression: the cursor of the feed's reader that is furthest behind. Source: core.slowest_reader. */
export function slowestCursor(feed: string): SQL {
  return sql`(select r.xid, r.seq from core.slowest_reader(${feed}) r)`
}

/** CTE body: the cursor, locked; no row before it first moved. */
export function lockCursor(name: string): SQL {
  return sql`
  select p.xid, p.seq
  from core.feed_positions p
  where p.name = ${name}
  for update`
}

/** CTE body: moves the cursor to the last event of the CTE `from`, unless it is there or beyond. */
export function moveCursor(name: string, { from }: { from: string }): SQL {
  return sql`
  insert into core.feed_positions as p (name, xid, seq)
  (select ${name}, xid, seq from ${sql.identifier(from)} order by xid desc, seq desc limit 1)
  on conflict (name) do update
  set xid = excluded.xid, seq = excluded.seq, moved_at = now()
  where (excluded.xid, excluded.seq) > (p.xid, p.seq)`
}
