/**
 * A table of events as a feed that is read to the end, again and again, by whoever kept its place.
 *
 * Guarantee: a reader that goes on from the position of the last event it read meets every committed event once, and
 * events of one row's history in the order in which they happened. How: rows stand at (xid, seq), xid being
 * core.reading_xid(), and only those behind the oldest running transaction are read, in one statement. A plain serial
 * id loses what commits late; so does the id behind the oldest transaction, as soon as one writes two rows.
 * How a caller loses: it cannot miss, only wait; a transaction that stays open holds every reader of the feed back until
 * transaction_timeout ends it. A position may be `unknown` (another database's) or `expired` (retention passed it).
 * What the caller must do: give the table `writtenBy()` and an index over (xid, seq); read on the primary. Driver: any.
 */
import { type SQL, sql } from 'drizzle-orm'

/** xid8 and bigint as text: both outgrow a JavaScript number. */
export type Position = { xid: string; seq: string }

export type Feed = {
  name: string
  /** The table. */
  table: SQL
  /** Its column that orders the rows of one transaction. */
  seq: 'id' | 'seq'
  /** Joins that the event needs, onto the alias `e`; each row of `e` must stay one row. */
  joined?: SQL
  /** The event as jsonb, over `e` and what is joined. */
  event: SQL
}

export type Read<Event> = Position & { event: Event }

export const beginning: Position = { xid: '0', seq: '0' }

/** Whether a row is behind every running transaction: nothing can commit before it any more. */
export function settled(row: SQL): SQL {
  return sql`${row}.xid < pg_snapshot_xmin(pg_current_snapshot())`
}

/** The next events after a position. Rows are `Read<Event>`. */
export function readFeed(feed: Feed, after: Position, limit: number): SQL {
  const seq = seqOf(feed)
  return sql`
with page as materialized (
  select e.*
  from ${feed.table} e
  where (e.xid, ${seq}) > (${after.xid}::xid8, ${after.seq}::bigint)
    and ${settled(sql`e`)}
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
where ${settled(sql`e`)}
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
  when exists (select from ${feed.table} e where e.xid = p.xid and ${seqOf(feed)} = p.seq and ${settled(sql`e`)}) then 'known'
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
