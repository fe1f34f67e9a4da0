/**
 * The partitions of registered tables (`partitioned` in schema/kit/partitions.ts): made ahead of time, dropped after their
 * retention, and made on the spot for a row that finds none.
 *
 * Guarantee: a row of a time that is kept finds a partition, even if the keeper has never run. Only core.keep_partitions and
 * core.make_partitions make or drop one, and only of registered tables. A partition is dropped only when all its rows
 * are folded, also the row that arrived last.
 * How a caller loses: a row that is older than the retention, or further ahead than the keeper works, stays refused
 * with SQLSTATE 23514.
 * The caller must give `withPartitions` a write that is one transaction, because the write runs a second time. Inside
 * an interactive transaction the refusal would end it, so `makePartitions` goes before the row. Driver: any.
 */
import { sql } from 'drizzle-orm'
import type { Ctx } from './context.ts'
import { answer } from './idempotency.ts'
import { named, type Statement } from './named.ts'
import { hasSqlstate } from './sqlstate.ts'

export type Needed = { table: string; moments: () => Date[] }

/** Writes. If a row meets "no partition", it makes the partitions of these moments and writes once more. */
export async function withPartitions<T>(
  { db }: Pick<Ctx, 'db'>,
  { table, moments }: Needed,
  write: () => Promise<T>,
): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (!meetsNoPartition(error)) throw error
    await db.query(makePartitions(table, moments()))
    return write()
  }
}

/** Makes those partitions of the table that these moments lack. */
export function makePartitions(table: string, moments: readonly Date[]): Statement {
  const texts = moments.map((moment) => moment.toISOString())
  return named('core.make-partitions')`
select core.make_partitions(${table}, ${sql.param(texts)}::timestamptz[])`
}

/** The work of the keeper's job. A table that cannot be kept fails the run; the other tables are kept nevertheless. */
export function keepPartitions(): Statement {
  return named('core.keep-partitions')`
with kept as materialized (
  select relation, made, dropped, waiting, error
  from core.keep_partitions()
),
done as (
  select
    coalesce(sum(made + dropped), 0) as rows,
    string_agg(relation || ': ' || error, '; ' order by relation) as error,
    coalesce(jsonb_agg(to_jsonb(kept) - 'error' order by relation), '[]') as tables
  from kept
)
select ${answer(sql`jsonb_strip_nulls(jsonb_build_object(
  'rows', rows,
  'outcome', case when error is not null then 'failed' when rows > 0 then 'ok' else 'skipped' end,
  'error', error,
  'tables', tables
))`)}
from done`
}

/** A check constraint raises the same SQLSTATE, but with its name. */
function meetsNoPartition(error: unknown): boolean {
  return hasSqlstate(error, '23514') && error.constraint === undefined
}
