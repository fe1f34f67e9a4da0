/**
 * Exactly one winner for a row that many want.
 *
 * Guarantee: of any number of callers at most one locks a given row that satisfies `where`; the lock lasts as long as
 * the statement's transaction, and a holder that dies frees it. `firstFree` never waits: it passes over what others
 * are claiming. `thisOne` waits for whoever holds that one row (at most lock_timeout, SQLSTATE 55P03) because only
 * then is the answer final: a skipped row may be held by somebody who only edits it, or who rolls back.
 * How a caller loses: the CTE is empty. After the wait the row is read anew, other tables are not: the statement's
 * snapshot is older than its lock, so what the lock protects belongs on the locked row.
 * What the caller must do: make the CTE the only source of the update, lock in one order everywhere.
 * The CTE is materialized: a planner may run a limited, locking sub-query more than once. Driver: any.
 */
import { type SQL, sql } from 'drizzle-orm'

/** CTE body: the first rows of `select … where … order by …` that nobody else is claiming. */
export function firstFree(select: SQL, limit: number): SQL {
  return sql`materialized (
  ${select}
  limit ${limit}
  for update skip locked
)`
}

/** CTE body: the rows of `select … where <key> and <expected state>`, once nobody else holds them. */
export function thisOne(select: SQL): SQL {
  return sql`materialized (
  ${select}
  for update
)`
}
