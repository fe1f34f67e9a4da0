/**
 * Upserts many rows and writes only those that differ.
 *
 * Guarantee: one statement per chunk and all chunks in one transaction, so the batch is written whole or not at all. A
 * row that is equal already is not locked, not written and costs no WAL. The result counts inserted, updated and
 * unchanged rows. Of rows with one key the last wins. Rows are written in the order of their keys, so two batches cannot
 * deadlock each other. With `newest`, late data never overwrites newer data.
 * How a caller loses: a constraint that one row breaks rolls back the whole batch (DatabaseError).
 * The caller must give all rows the same columns and name a unique key. Array-valued columns do not work, because unnest
 * flattens them: store such data as jsonb. Text and JSON lose characters that Postgres cannot store (NUL, lone surrogates).
 * Driver: any; one round trip.
 */
import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import { getTableConfig, type PgColumn, type PgTable } from 'drizzle-orm/pg-core'
import type { Ctx } from './context.ts'
import { named, type Statement } from './named.ts'
import { chunked, inKeyOrder, isStorable, storable } from './rows.ts'

export type Upserted = { inserted: number; updated: number; unchanged: number }

type Column<T extends PgTable> = keyof T['$inferInsert'] & string

export type UpsertOptions<T extends PgTable> = {
  key: readonly [Column<T>, ...Column<T>[]]
  /** The columns that make two rows different. The default is all columns of the rows; a hash column may replace them. */
  compare?: readonly [Column<T>, ...Column<T>[]]
  /** A row overwrites another only if it is not older by this column. */
  newest?: Column<T>
  /** Set to now() whenever a row is overwritten. */
  touch?: Column<T>
  /** Writes only new keys and leaves existing rows unchanged. Needs no right to update. */
  append?: boolean
}

/** `before` goes first in the same transaction, even if there are no rows: a lock, `holding(lease)`, a record. */
export async function upsertMany<T extends PgTable>(
  ctx: Ctx,
  table: T,
  rows: readonly T['$inferInsert'][],
  { before = [], ...options }: UpsertOptions<T> & { before?: Statement[] },
): Promise<Upserted> {
  const statements = [...before, ...upsertOf(table, rows, options)]
  const results = statements.length === 0 ? [] : await ctx.db.batch(statements)
  return upserted(results.slice(before.length))
}

/** The statements, for a transaction with more in it. */
export function upsertOf<T extends PgTable>(
  table: T,
  rows: readonly T['$inferInsert'][],
  options: UpsertOptions<T>,
): Statement[] {
  const [first] = rows
  if (first === undefined) return []
  const columns = Object.keys(first).map((name) => ({ name, column: columnOf(table, name) }))
  for (const row of rows)
    for (const name in row) if (!(name in first)) throw new Error(`Not every row has the column ${name}`)
  const encoded = inKeyOrder(rows, options.key).map((row) =>
    columns.map(({ name, column }) => encode(column, row[name])),
  )
  return chunked(encoded).map((chunk) => statement(table, columns, chunk, options))
}

/** The counts out of the rows that the statements answered. */
export function upserted(results: readonly unknown[][]): Upserted {
  // The row type is the promise of `statement` below.
  const counts = results.map((rows) => rows[0] as { inserted: number; updated: number; total: number })
  const sum = (of: 'inserted' | 'updated' | 'total') => counts.reduce((total, count) => total + count[of], 0)
  const [inserted, updated] = [sum('inserted'), sum('updated')]
  return { inserted, updated, unchanged: sum('total') - inserted - updated }
}

type Named = { name: string; column: PgColumn }

// Race: between the look for what differs and the write, another transaction may write the same row. The condition on
// the conflict is evaluated again on the locked, newest version.
function statement<T extends PgTable>(
  table: T,
  columns: Named[],
  chunk: unknown[][],
  { key, compare, newest, touch, append = false }: UpsertOptions<T>,
): Statement {
  const isKey = ({ name }: Named) => key.some((one) => one === name)
  const names = (list: Named[], alias?: string) =>
    comma(list.map(({ column }) => (alias ? sql`${sql.identifier(alias)}.${id(column)}` : id(column))))
  const keys = columns.filter(isKey)
  const values = append ? [] : columns.filter((column) => !isKey(column))
  const telling = compare ? columns.filter(({ name }) => compare.some((one) => one === name)) : values
  const isDifferent = (alias: string) =>
    and([
      telling.length > 0
        ? sql`row(${names(telling, 'kept')}) is distinct from row(${names(telling, alias)})`
        : sql`false`,
      ...columns
        .filter(({ name }) => name === newest)
        .map(({ column }) => sql`${sql.identifier(alias)}.${id(column)} >= kept.${id(column)}`),
    ])
  const touched = touch === undefined ? [] : [sql`${id(columnOf(table, touch))} = now()`]
  const set = [...values.map(({ column }) => sql`${id(column)} = excluded.${id(column)}`), ...touched]
  const [firstKey] = keys
  if (firstKey === undefined) throw new Error('The rows lack their key')
  const { schema, name } = getTableConfig(table)
  return named(`${schema}.upsert-${name.replaceAll('_', '-')}`)`
with incoming (${names(columns)}) as materialized (
  select *
  from unnest(${comma(
    columns.map(({ column }, at) =>
      arrayOf(
        column,
        chunk.map((row) => row[at]),
      ),
    ),
  )})
),
different as (
  select incoming.*
  from incoming
  left join ${table} kept on ${and(keys.map(({ column }) => sql`kept.${id(column)} = incoming.${id(column)}`))}
  where kept.${id(firstKey.column)} is null
    or ${isDifferent('incoming')}
),
written as (
  insert into ${table} as kept (${names(columns)})
  select ${names(columns)}
  from different
  order by ${names(keys)}
  on conflict (${names(keys)}) do ${
    values.length > 0 ? sql`update set ${comma(set)} where ${isDifferent('excluded')}` : sql`nothing`
  }
  returning old.${id(firstKey.column)} is null as is_new
)
select
  (count(*) filter (where is_new))::int as inserted,
  (count(*) filter (where not is_new))::int as updated,
  (select count(*) from incoming)::int as total
from written`
}

/** The name of the type is our own declaration of the column, never something that came from outside. */
function arrayOf(column: PgColumn, values: unknown[]): SQL {
  return sql`${sql.param(values)}::${sql.raw(column.getSQLType())}[]`
}

function encode(column: PgColumn, value: unknown): unknown {
  if (value === undefined || value === null) return null
  const encoded = column.mapToDriverValue(value)
  return typeof encoded !== 'string' || isStorable(encoded)
    ? encoded
    : column.mapToDriverValue(storable(value))
}

function columnOf(table: PgTable, name: string): PgColumn {
  const column = getTableColumns(table)[name]
  if (column === undefined) throw new Error(`The table has no column ${name}`)
  return column
}

const id = (column: PgColumn) => sql`${sql.identifier(column.name)}`
const comma = (parts: SQL[]) => sql.join(parts, sql`, `)
const and = (parts: SQL[]) => sql.join(parts, sql` and `)
