import { type SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type pg from 'pg'

export type Run = (client: pg.ClientBase, ...values: number[]) => Promise<unknown[]>

const dialect = new PgDialect()
// Larger than every id and count that occurs, so that the value identifies the hole.
const firstHole = 7_000_000_000

/**
 * Compiles a verb's statement once, so that Postgres is measured and not the creation of the text. With a `name`
 * Postgres parses and plans it once per connection; without one at each call, as over Neon's HTTP interface.
 */
export function statement(build: (...holes: number[]) => SQL, name?: string): Run {
  const holes = Array.from({ length: build.length }, (_, n) => firstHole + n)
  const { sql: text, params } = dialect.sqlToQuery(build(...holes))
  return async (client, ...given) => {
    const values = params.map((param) => (isHole(param) ? given[param - firstHole] : param))
    const { rows } = await client.query<Record<string, unknown>>({ text, values, ...(name && { name }) })
    return rows
  }
}

function isHole(param: unknown): param is number {
  return typeof param === 'number' && param >= firstHole
}
