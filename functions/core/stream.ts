/**
 * A table of events as a feed that is read to the end, again and again, by whoever kept its place.
 *
 * Guarantee: a reader that goes on from the position of the last event it read receives every committed event once, and
 * events of one row's history in the order in which they happened. How: rows stand at (xid, seq), xid being
 * core.reading_xid(), and only rows before the horizon are read (core.mark_horizon). A plain serial id loses events
 * that commit late; so does the writer's own transaction id.
 * How a caller loses: it cannot miss, only wait: a writer of the same feed that stays open holds its readers back until
 * transaction_timeout ends it; other transactions do not. A position may be `unknown` (another database's) or `expired`
 * (retention passed it).
 * What the caller must do: give the table `writtenBy()` and an index over (xid, seq); mark the horizon in the same
 * batch, at read committed; read on the primary; lock the table before giving a row its place by hand. Driver: any.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Db } from './db.ts'

/** xid8 and bigint as text: both outgrow a JavaScript number. */
export type Position = { xid: string; seq: string }

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

export type Read<Event> = Position & { event: Event }

export const beginning: Position = { xid: '0', seq: '0' }

/** Where a feed's rows are kept and numbered. */
export type Stored = Pick<Feed, 'tables' | 'sequence'>

/**
 * The first statement of a batch that reads a feed: it decides how far the later ones may read. Read committed only.
 * Source: core.mark_horizon, which says why nothing is missed.
 */
export function markHorizon({ tables, sequence }: Stored): SQL {
  return sql`select core.mark_horizon(${sql.param([...tables])}::regclass[], ${sequence}::regclass)`
}

/** Whether a row of the feed whose horizon the batch marked can be read: nothing will commit before it any more. */
export function settled(row: SQL, seq: Feed['seq'] = 'seq'): SQL {
  return sql`(${row}.xid, ${row}.${sql.identifier(seq)}) < (
      split_part(current_setting('lockstep.horizon'), ' ', 1)::xid8, split_part(current_setting('lockstep.horizon'), ' ', 2)::bigint
    )`
}

/** Runs statements that read a feed, in one round trip. */
export async function readBehindHorizon(db: Db, stored: Stored, statements: SQL[]): Promise<unknown[][]> {
  const [, ...results] = await db.batch([markHorizon(stored), ...statements], { readOnly: true })
  return results
}

/** The next events after a position. Rows are `Read<Event>`. */
export function readFeed(feed: Feed, after: Position, limit: number): SQL {
  const seq = seqOf(feed)
  return sql`
with page as materialized (
  select e.*
  from ${feed.table} e
  where (e.xid, ${seq}) > (${after.xid}::xid8, ${after.seq}::bigint)
    and ${settled(sql`e`, feed.seq)}
  order by e.xid, ${seq}
  limit ${limit}
)
select e.xid::text as xid, ${seq}::text as seq, ${feed.event} as event
from page e
${feed.joined ?? sql``}
order by e.xid, ${seq}`
}

/** The position of the newest event that can be read now; no row when there is none. */
export function newestOf(feed: Pick<Feed, 'table' | 'seq'>): SQL {
  const seq = seqOf(feed)
  return sql`
select e.xid::text as xid, ${seq}::text as seq
from ${feed.table} e
where ${settled(sql`e`, feed.seq)}
order by e.xid desc, ${seq} desc
limit 1`
}

export type Standing = 'known' | 'unknown' | 'expired'

/**
 * For each position, whether reading can go on from it without a gap: it is an event that can be read and still stands,
 * or the last one that retention removed, or the beginning of a feed of which nothing was removed. One row each, in
 * order. An event that cannot be read yet is nobody's position: others may still commit before it.
 */
export function standingOf(feed: Feed, positions: readonly Position[]): SQL {
  return sql`
select case
  when p.xid = '0'::xid8 and f.name is null then 'known'
  when (p.xid, p.seq) = (f.xid, f.seq) then 'known'
  when (p.xid, p.seq) < (f.xid, f.seq) then 'expired'
  when exists (select from ${feed.table} e where e.xid = p.xid and ${seqOf(feed)} = p.seq and ${settled(sql`e`, feed.seq)}) then 'known'
  else 'unknown'
end as standing
from unnest(${sql.param(positions.map(({ xid }) => xid))}::xid8[], ${sql.param(positions.map(({ seq }) => seq))}::bigint[])
  with ordinality as p (xid, seq, at)
left join core.feed_positions f on f.name = ${removedUpTo(feed.name)}
order by p.at`
}

/** The name under which core.feed_positions keeps the last event that retention removed. */
export function removedUpTo(feed: string): string {
  return `removed:${feed}`
}

/** Negative when `a` is before `b`. */
export function comparePositions(a: Position, b: Position): number {
  const byXid = BigInt(a.xid) - BigInt(b.xid)
  const order = byXid === 0n ? BigInt(a.seq) - BigInt(b.seq) : byXid
  return order < 0n ? -1 : Number(order > 0n)
}

/** As the `id:` of a server-sent event. */
export function cursorOf({ xid, seq }: Position): string {
  return `${xid}-${seq}`
}

/** Null for what no cursor of ours ever looked like. */
export function positionOf(cursor: string): Position | null {
  const [, xid, seq] = /^(\d{1,19})-(\d{1,18})$/.exec(cursor) ?? []
  return xid === undefined || seq === undefined ? null : { xid, seq }
}

function seqOf({ seq }: Pick<Feed, 'seq'>): SQL {
  return sql`e.${sql.identifier(seq)}`
}
