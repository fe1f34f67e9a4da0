/**
 * A table that is the fold of an event table, kept by the statement that appends: an incremental view.
 *
 * Guarantee: at every commit the view equals the fold of its events. The cost of keeping it is in proportion to what is
 * appended, not to what is there; a batch is one trigger call a view, its rows written in the order of their keys, so two
 * batches never deadlock. A rebuild blocks no reader, and only those writers whose rows it mends.
 * How a caller loses: an append that is no continuation of its stream is SQLSTATE LS101, a step its state does not
 * allow LS105; the whole statement is undone.
 * What the caller must do: declare the view with `streamView` or `incrementalView` (schema/kit/incremental.ts), and write to
 * it through its events only. Verify a sample by a job; rebuild when it finds a difference.
 * Driver: any for the views themselves; HTTP to verify; WebSocket to rebuild, which takes longer than a statement may.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Db } from './db.ts'

/** A key of the view with its row by the fold, and as it is; either may be missing. */
export type Difference = {
  key: Record<string, unknown>
  expected: Record<string, unknown> | null
  actual: Record<string, unknown> | null
}

/** The checksums are over the rows before and after; without a difference they are equal. At most 100 keys are named. */
export type Rebuilt = {
  rowsBefore: number
  rowsAfter: number
  checksumBefore: string
  checksumAfter: string
  mended: number
  differing: Record<string, unknown>[]
}

type Asked = { view: string; scope: number }

/** The differences in so many keys drawn by lot and those of as many of the newest events; without a sample, in all. */
export async function verifyView(
  db: Db,
  { view, scope, sample, limit = 100 }: Asked & { sample: number | null; limit?: number },
): Promise<Difference[]> {
  return db.query<Difference>(sql`
select key, expected, actual
from ${made('verify', view)}(${scope}::bigint, ${sample}::integer)
limit ${limit}`)
}

/** Folds the view anew beside itself and mends what differs. `longestSeconds` is below the role's transaction_timeout. */
export async function rebuildView(
  db: Db,
  { view, scope, longestSeconds = 25 }: Asked & { longestSeconds?: number },
): Promise<Rebuilt> {
  return db.transaction(async (tx) => {
    await tx.query(sql`select set_config('statement_timeout', ${`${longestSeconds}s`}, true)`)
    const [rebuilt] = await tx.query<Rebuilt>(sql`
select rows_before::integer as "rowsBefore", rows_after::integer as "rowsAfter",
  checksum_before::text as "checksumBefore", checksum_after::text as "checksumAfter",
  mended::integer as mended, differing
from ${made('rebuild', view)}(${scope}::bigint)`)
    if (rebuilt === undefined) throw new Error('A rebuild answered no row')
    return rebuilt
  })
}

/** `ledger.bets_view` → the name of its `verify_` or `rebuild_` function. */
function made(verb: 'verify' | 'rebuild', view: string): SQL {
  const [schema = '', name = ''] = view.split('.')
  return sql`${sql.identifier(schema)}.${sql.identifier(`${verb}_${name}`)}`
}
