/**
 * The cursors that Postgres keeps: how far each reader has read a feed, and how far retention has removed it.
 *
 * Guarantee: a cursor only moves forward, in the transaction of the work that it stands for. Two readers under one name
 * take turns, because the second waits for the lock of the first. Retention that removes events only up to
 * `slowestCursor` removes none that a reader has yet to read.
 * How a caller loses: the second reader finds the cursor moved and reads nothing twice. Retention does not know a reader
 * before it first read.
 * The caller must send `beginCursor` before, in the same transaction, and lock the cursor in the statement that reads from
 * it. Its snapshot is older than that lock, so it may find nothing; it must then be repeated. Driver: any.
 */
import { type SQL, sql } from 'drizzle-orm'
import { named, type Statement } from './named.ts'

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

/** Puts the cursor of a new reader before the first event. A later reader waits here until the first one has ended. */
export function beginCursor(name: string): Statement {
  // Race: first readers. None could lock a cursor that does not exist, so a late one would read from the beginning again,
  // beside a reader that has locked the new cursor: each would wait for rows of the other.
  return named('core.begin-cursor')`
insert into core.feed_positions (name, xid, seq)
values (${name}, '0', 0)
on conflict (name) do nothing`
}

/** CTE body: the cursor, locked. */
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
