/**
 * An incremental view: a table that is the fold of an event table, kept by the statement that appends.
 *
 * Guarantee: at every commit the view equals the fold of its events. Its cost is in proportion to the appended events and
 * not to the size of the view. A batch is one trigger call a view and writes rows in key order, so two batches never
 * deadlock. A rebuild blocks no reader, and only those writers whose rows it repairs.
 * How a caller loses: an append that does not continue its stream is SQLSTATE LS101, and a step that its state does not
 * allow is LS105. The whole statement is undone.
 * The caller must declare the view with `streamView` or `incrementalView` (schema/kit/incremental.ts), and write to it
 * through its events only. A job verifies a sample; rebuild the view when it finds a difference.
 * Driver: any for the views themselves; HTTP to verify; WebSocket to rebuild, which takes longer than a statement may.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Db } from './db.ts'
import { named } from './named.ts'

/** A key of the view with its expected row, by the fold, and its actual row. Either may be missing. */
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

type ViewScope = { view: string; scope: number }

/** Checks `sample` random keys and the keys of as many of the newest events. Without a sample it checks all keys. */
export async function verifyView(
  db: Db,
  { view, scope, sample, limit = 100 }: ViewScope & { sample: number | null; limit?: number },
): Promise<Difference[]> {
  return db.query<Difference>(named('core.verify-view')`
select key, expected, actual
from ${made('verify', view)}(${scope}::bigint, ${sample}::integer)
limit ${limit}`)
}

/** Folds the events beside the view and repairs the rows that differ. `longestSeconds` is below transaction_timeout. */
export async function rebuildView(
  db: Db,
  { view, scope, longestSeconds = 25 }: ViewScope & { longestSeconds?: number },
): Promise<Rebuilt> {
  return db.transaction(async (tx) => {
    await tx.query(
      named('core.allow-rebuild')`select set_config('statement_timeout', ${`${longestSeconds}s`}, true)`,
    )
    const [rebuilt] = await tx.query<Rebuilt>(named('core.rebuild-view')`
select rows_before::integer as "rowsBefore", rows_after::integer as "rowsAfter",
  checksum_before::text as "checksumBefore", checksum_after::text as "checksumAfter",
  mended::integer as mended, differing
from ${made('rebuild', view)}(${scope}::bigint)`)
    if (rebuilt === undefined) throw new Error('A rebuild returned no row')
    return rebuilt
  })
}

/** `shop.orders_view` → the name of its `verify_` or `rebuild_` function. */
function made(verb: 'verify' | 'rebuild', view: string): SQL {
  const [schema = '', name = ''] = view.split('.')
  return sql`${sql.identifier(schema)}.${sql.identifier(`${verb}_${name}`)}`
}
