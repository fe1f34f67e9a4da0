/**
 * Exactly one winner for a row that many callers want.
 *
 * Guarantee: of any number of callers at most one locks a given row that satisfies `where`. The lock lasts as long as
 * the statement's transaction, and a holder that dies frees it. `firstFree` never waits: it skips rows that others are
 * claiming. `thisOne` waits for the holder of that one row, at most lock_timeout (SQLSTATE 55P03). It waits because only
 * then is the answer final: the holder may only edit the row, or may roll back.
 * How a caller loses: the CTE is empty. After the wait Postgres reads the row anew, but not other tables: the statement's
 * snapshot is older than its lock. So keep on the locked row what the lock protects.
 * The caller must make it a CTE, and the only source of the update, and lock in one order everywhere. Postgres may run a
 * limited, locking sub-query more than once, but never a CTE that locks. Driver: any.
 */
import { type SQL, sql } from 'drizzle-orm'

/** CTE body: the first rows of `select … where … order by …` that no other transaction is claiming. */
export function firstFree(select: SQL, limit: number): SQL {
  return sql`(
  ${select}
  limit ${limit}
  for update skip locked
)`
}

/** CTE body: the rows of `select … where <key> and <expected state>`, once no other transaction holds them. */
export function thisOne(select: SQL): SQL {
  return sql`(
  ${select}
  for update
)`
}
