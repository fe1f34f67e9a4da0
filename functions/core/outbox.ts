/**
 * What happened, told to the world outside its module.
 *
 * Guarantee: the event is written by the statement that makes the change, so both commit or neither does. Readers
 * (core/stream.ts) meet events in an order in which nothing is missed, and events of one subject in the order of
 * their changes, because a later change waited for the earlier one's row lock before it took its place.
 * How a caller loses: it cannot; an event that breaks the shape fails the change.
 * What the caller must do: put the fragment into a CTE of the statement that changes the row; choose as `subject` the
 * thing whose row is locked; put nothing into `data` that the audience may not see.
 * Driver: any.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Feed } from './stream.ts'

export type Told = {
  /** The module. */
  topic: string
  /** Name of the CTE with one row an event; the expressions below are over it. */
  from: string
  /** The event's name, `bet.settled`: a constant, or an expression over `from`. */
  type: string | SQL
  /** What the event is about, as in `order:17`; events of one subject stay in order. */
  subject: SQL
  /** jsonb object. */
  data: SQL
  /** Who may hear of it besides admins, as text: `tenant:7`, `store:3`. */
  audience?: SQL
}

/** CTE body: one event for each row of `from`. */
export function emit({ topic, from, type, subject, data, audience = sql`null` }: Told): SQL {
  return sql`
  insert into core.outbox (topic, audience, subject, type, data)
  select ${topic}, ${audience}, ${subject}, ${type}, ${data}
  from ${sql.identifier(from)}`
}

/** A feed that webhooks may hear. The expressions are over `e` and what the feed joins. */
export type Outgoing = {
  feed: Omit<Feed, 'event'>
  /** Which events leave; the others are passed over. */
  where: SQL
  type: SQL
  subject: SQL
  /** Who hears of it besides admins: `store:3`, `tenant:7`. */
  audience: SQL
  data: SQL
}

/** The outbox as webhooks hear it. What is for other modules only stays inside. */
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
