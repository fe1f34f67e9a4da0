import { sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'

/** Random rows checked per view and tenant, and newest events whose rows are checked too. */
const sample = 1_000

/** Compares each tenant's views with the events, quarantines accounts that differ and raises alerts. */
export function checkInvariants(): Statement {
  return named('ledger.check-invariants')`select ${answer(sql`ledger.check_invariants(${sample})`)}`
}
