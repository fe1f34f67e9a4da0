import { type SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type pg from 'pg'

export type Run = (client: pg.ClientBase, ...values: number[]) => Promise<unknown[]>

const dialect = new PgDialect()
// Larger than any id or count that occurs otherwise, so that a hole is known by its value.
const firstHole = 7_000_000_000

/**
 * A verb's statement, compiled once: what is measured is Postgres, not the making of its text. With a `name` it is
 * parsed and planned once per connection; without, anew each time, which is how Neon's HTTP interface gets it.
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
