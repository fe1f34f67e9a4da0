import { type SQL, sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'

/** Of each tenant so many rows of each view, drawn by lot, and those of as many of its newest events. */
const sample = 1_000

/** Holds the books of the tenants against their events, quarantines accounts that differ, and raises alerts. */
export function checkInvariants(): SQL {
  return sql`select ${answer(sql`ledger.check_invariants(${sample})`)}`
}
