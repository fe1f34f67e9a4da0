import { sql } from 'drizzle-orm'
import { bigint, customType, integer, timestamp } from 'drizzle-orm/pg-core'

const xid8 = customType<{ data: string; driverData: string }>({ dataType: () => 'xid8' })

/** A surrogate key. Identity values stay far below 2^53, so a JavaScript number holds them exactly. */
export function id() {
  return bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity()
}

/** A reference to another table's `id`. */
export function idOf(name: string) {
  return bigint(name, { mode: 'number' })
}

/** A moment in time, never a local one. */
export function instant(name: string) {
  return timestamp(name, { withTimezone: true })
}

export function createdAt() {
  return instant('created_at').notNull().defaultNow()
}

/** Rises by one with every change of the row; travels as the ETag. */
export function version() {
  return integer('version').notNull().default(1)
}

/**
 * Where the row stands in its feed. Ids are taken before commit and commits come out of order, so a reader that
 * must miss nothing pages by (xid, id) behind the oldest running transaction, never by id alone.
 */
export function writtenBy() {
  return transactionId('xid').notNull().default(sql`core.reading_xid()`)
}

/** Travels as text: it outgrows a JavaScript number. */
export function transactionId(name: string) {
  return xid8(name)
}
