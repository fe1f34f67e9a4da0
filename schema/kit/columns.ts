import { type SQL, sql } from 'drizzle-orm'
import { bigint, customType, integer, timestamp } from 'drizzle-orm/pg-core'

const xid8 = customType<{ data: string; driverData: string }>({ dataType: () => 'xid8' })
const datemultirange = customType<{ data: string; driverData: string }>({ dataType: () => 'datemultirange' })

const int4multirange = customType<{ data: string; driverData: string }>({ dataType: () => 'int4multirange' })

/** A surrogate key. Identity values stay far below 2^53, so a JavaScript number holds them exactly. */
export function id() {
  return bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity()
}

/** A reference to another table's `id`. */
export function idOf(name: string) {
  return bigint(name, { mode: 'number' })
}

/** A moment in time, never a local time. */
export function instant(name: string) {
  return timestamp(name, { withTimezone: true })
}

export function createdAt() {
  return instant('created_at').notNull().defaultNow()
}

/** Rises by one with every change of the row. The API sends it as the ETag. */
export function version() {
  return integer('version').notNull().default(1)
}

/**
 * The row's position in its feed. Transactions take ids before they commit, and they commit out of order. A reader that
 * must miss nothing therefore pages by (xid, id) below the oldest running transaction, never by id alone.
 */
export function writtenBy() {
  return transactionId('xid').notNull().default(sql`core.reading_xid()`)
}

/** The driver returns it as text, because it outgrows a JavaScript number. */
export function transactionId(name: string) {
  return xid8(name)
}

/** A set of days as Postgres keeps it: adjacent spans become one, and gaps stay gaps. */
export function daysOf(name: string) {
  return datemultirange(name)
}

/** A set of whole numbers as Postgres keeps it: neighbours become one span, and gaps stay gaps. */
export function numbersOf(name: string) {
  return int4multirange(name)
}

/** The words of an enumeration as SQL literals, for a check constraint. */
export function listed(words: readonly string[]): SQL {
  return sql.raw(words.map((word) => `'${word}'`).join(', '))
}
