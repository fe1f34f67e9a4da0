/**
 * A table of events as a feed that any number of readers read to its end, each from its own cursor.
 *
 * Guarantee: a reader that goes on from the cursor of the last event it read receives every committed event once, and
 * the events of one row in the order in which they happened. How: events are ordered by (xid, seq), where xid is
 * core.reading_xid(). A statement reads only events before the horizon (core.mark_horizon). A plain serial id would lose
 * events that commit late. The writer's own transaction id loses them too.
 * How a caller loses: it misses nothing but may wait. An open writer of the same feed holds its readers back until
 * transaction_timeout ends it; other transactions do not. A cursor may be `unknown` (from another database) or `expired`
 * (retention passed it).
 * The caller must give the table `writtenBy()` and an index over (xid, seq); mark the horizon in the same batch, at read
 * committed; read on the primary; lock the table before it gives a row its place by hand. Driver: any.
 */
import { type SQL, sql } from 'drizzle-orm'
import { removedUpTo } from './cursors.ts'
import type { Db } from './db.ts'
import { named, type Statement } from './named.ts'

/** The place of an event in its feed. xid8 and bigint are text, because both outgrow a JavaScript number. */
export type Cursor = { xid: string; seq: string }

export type Feed = {
  name: string
  /** The table. */
  table: SQL
  /** The tables that hold its rows, and the sequence that numbers them. */
  tables: readonly string[]
  sequence: string
  /** Its column that orders the rows of one transaction. */
  seq: 'id' | 'seq'
  /** Joins that the event needs, onto the alias `e`; each row of `e` must stay one row. */
  joined?: SQL
  /** The event as jsonb, over `e` and what is joined. */
  event: SQL
}

export type Read<Event> = Cursor & { event: Event }

export const beginning: Cursor = { xid: '0', seq: '0' }

/** Where a feed's rows are stored and numbered. */
export type Stored = Pick<Feed, 'tables' | 'sequence'>

/**
 * The first statement of a batch that reads a feed: it decides how far the later statements may read. Read committed only.
 * Source: core.mark_horizon, which explains why no event is missed.
 */
export function markHorizon({ tables, sequence }: Stored): Statement {
  return named('core.mark-horizon')`
select core.mark_horizon(${sql.param([...tables])}::regclass[], ${sequence}::regclass)`
}

/** True for a row before the horizon that the batch marked: no other row can commit before it any more. */
export function isReadable(row: SQL, seq: Feed['seq'] = 'seq'): SQL {
  return sql`(${row}.xid, ${row}.${sql.identifier(seq)}) < (
      split_part(current_setting('lockstep.horizon'), ' ', 1)::xid8, split_part(current_setting('lockstep.horizon'), ' ', 2)::bigint
    )`
}

/** Runs statements that read a feed, in one round trip. Returns their rows. */
export async function readBehindHorizon(
  db: Db,
  stored: Stored,
  statements: Statement[],
): Promise<unknown[][]> {
  const [, ...results] = await db.batch([markHorizon(stored), ...statements], { readOnly: true })
  return results
}

/** The next events after a cursor. Rows are `Read<Event>`. */
export function readFeed(feed: Feed, after: Cursor, limit: number): Statement {
  const seq = seqOf(feed)
  return named('core.read-feed')`
with page as materialized (
  select e.*
  from ${feed.table} e
  where (e.xid, ${seq}) > (${after.xid}::xid8, ${after.seq}::bigint)
    and ${isReadable(sql`e`, feed.seq)}
  order by e.xid, ${seq}
  limit ${limit}
)
select e.xid::text as xid, ${seq}::text as seq, ${feed.event} as event
from page e
${feed.joined ?? sql``}
order by e.xid, ${seq}`
}

/** The cursor of the newest readable event; no row when there is none. */
export function newestCursor(feed: Pick<Feed, 'table' | 'seq'>): Statement {
  const seq = seqOf(feed)
  return named('core.newest-cursor')`
select e.xid::text as xid, ${seq}::text as seq
from ${feed.table} e
where ${isReadable(sql`e`, feed.seq)}
order by e.xid desc, ${seq} desc
limit 1`
}

export type CursorStatus = 'known' | 'unknown' | 'expired'

/**
 * One row for each cursor, in order: `known` when reading can go on from it without a gap. That holds for a readable
 * event, for the last event that retention removed, and for the beginning of a feed that retention has not touched.
 * An event that is not readable yet is no valid cursor, because others may still commit before it.
 */
export function cursorStatuses(feed: Feed, cursors: readonly Cursor[]): Statement {
  return named('core.cursor-statuses')`
select case
  when p.xid = '0'::xid8 and f.name is null then 'known'
  when (p.xid, p.seq) = (f.xid, f.seq) then 'known'
  when (p.xid, p.seq) < (f.xid, f.seq) then 'expired'
  when exists (select from ${feed.table} e where e.xid = p.xid and ${seqOf(feed)} = p.seq and ${isReadable(sql`e`, feed.seq)}) then 'known'
  else 'unknown'
end as status
from unnest(${sql.param(cursors.map(({ xid }) => xid))}::xid8[], ${sql.param(cursors.map(({ seq }) => seq))}::bigint[])
  with ordinality as p (xid, seq, at)
left join core.feed_positions f on f.name = ${removedUpTo(feed.name)}
order by p.at`
}

/** Negative when `a` is before `b`. */
export function compareCursors(a: Cursor, b: Cursor): number {
  const byXid = BigInt(a.xid) - BigInt(b.xid)
  const order = byXid === 0n ? BigInt(a.seq) - BigInt(b.seq) : byXid
  return order < 0n ? -1 : Number(order > 0n)
}

/** The text form, which is the `id:` of a server-sent event. */
export function formatCursor({ xid, seq }: Cursor): string {
  return `${xid}-${seq}`
}

/** Null when the text is malformed. */
export function parseCursor(cursor: string): Cursor | null {
  const [, xid, seq] = /^(\d{1,19})-(\d{1,18})$/.exec(cursor) ?? []
  return xid === undefined || seq === undefined ? null : { xid, seq }
}

function seqOf({ seq }: Pick<Feed, 'seq'>): SQL {
  return sql`e.${sql.identifier(seq)}`
}
