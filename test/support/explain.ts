import type { SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { compileHot } from '../../functions/core/hot.ts'

const dialect = new PgDialect()

/**
 * Executes a statement and returns its plan as JSON. A hot statement gets the generic plan that its function keeps;
 * another one gets the plan for its values.
 */
export async function explain(client: pg.Client, statement: SQL): Promise<pg.QueryResult> {
  const { sql: text, params } = dialect.sqlToQuery(statement)
  const how = 'explain (analyze, buffers, verbose, format json)'
  if (compileHot(statement) === null) return client.query(`${how} ${text}`, params)
  await client.query('set local plan_cache_mode = force_generic_plan')
  await client.query(`prepare explained as ${text}`)
  try {
    return await client.query(`${how} execute explained (${params.map(literal).join(', ')})`)
  } finally {
    await client.query('deallocate explained')
  }
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return pg.escapeLiteral(`{${value.join(',')}}`)
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return pg.escapeLiteral(`${value}`)
  throw new Error(`A statement has a parameter of the type ${typeof value}`)
}
