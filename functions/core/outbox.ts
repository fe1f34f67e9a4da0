/**
 * Events that a module emits for readers outside it.
 *
 * Guarantee: the statement that makes the change also writes the event, so both commit or neither does. Readers
 * (core/stream.ts) miss no event, and receive the events of one subject in the order of its changes: a later change
 * waited for the row lock of the earlier one before it took its place.
 * How a caller loses: it cannot; an event of the wrong shape fails the change.
 * The caller must put the fragment into a CTE of the statement that changes the row, choose as `subject` the thing whose
 * row is locked, and put nothing into `data` that the audience may not see.
 * Driver: any.
 */
import { type SQL, sql } from 'drizzle-orm'
import { moveCursor, removedUpTo, slowestCursor } from './cursors.ts'
import type { Feed } from './stream.ts'

export type Emitted = {
  /** The module. */
  topic: string
  /** Name of the CTE with one row an event; the expressions below are over it. */
  from: string
  /** The event's name, `bet.settled`: a constant, or an expression over `from`. */
  type: string | SQL
  /** The thing that changed, as in `order:17`; events of one subject stay in order. */
  subject: SQL
  /** jsonb object. */
  data: SQL
  /** The principal that may receive it besides admins, as text: `tenant:7`, `store:3`. */
  audience?: SQL
}

/** CTE body: one event for each row of `from`. */
export function emit({ topic, from, type, subject, data, audience = sql`null` }: Emitted): SQL {
  return sql`
  insert into core.outbox (topic, audience, subject, type, data)
  select ${topic}, ${audience}, ${subject}, ${type}, ${data}
  from ${sql.identifier(from)}`
}

/** A feed that webhooks may subscribe to. The expressions are over `e` and the joins of the feed. */
export type Outgoing = {
  feed: Omit<Feed, 'event'>
  /** The events that webhooks may receive; the fan-out skips the others. */
  where: SQL
  type: SQL
  subject: SQL
  /** The principal that receives it besides admins: `store:3`, `tenant:7`. */
  audience: SQL
  data: SQL
}

/** The outbox as webhooks receive it, without the events that only other modules read. */
export const outboxOutgoing: Outgoing = {
  feed: {
    name: 'outbox',
    table: sql`core.outbox`,
    tables: ['core.outbox'],
    sequence: 'core.outbox_seq_seq',
    seq: 'seq',
  },
  where: sql`e.audience is distinct from 'module:any'`,
  type: sql`e.type`,
  subject: sql`e.subject`,
  audience: sql`e.audience`,
  data: sql`e.data`,
}

/** CTE `removed`: deletes old events that every reader has read. CTE `marked`: records how far the feed is removed. */
export function removeOldOutbox({ days, limit }: { days: number; limit: number }): SQL {
  const { name } = outboxOutgoing.feed
  return sql`
removed as (
  delete from core.outbox
  where (xid, seq) in (
    select e.xid, e.seq
    from core.outbox e
    where e.created_at < now() - make_interval(days => ${days})
      and (e.xid, e.seq) <= ${slowestCursor(name)}
    order by e.xid, e.seq
    limit ${limit}
  )
  returning xid, seq
),
marked as (${moveCursor(removedUpTo(name), { from: 'removed' })}
)`
}
