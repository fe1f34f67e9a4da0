import type { SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import pg from 'pg'
import type { Db } from '../../functions/core/db.ts'
import { DatabaseError } from '../../functions/core/sqlstate.ts'
import { atTheEnd } from './at-the-end.ts'
import type { TestDatabase } from './database.ts'

const dialect = new PgDialect()

/** The core's door to Postgres with a defect: what becomes of each statement's text. For negative controls. Made at the top of a file. */
export function defectiveDb(
  database: TestDatabase,
  { max, defect }: { max: number; defect: (text: string) => string },
): Db {
  const pool = new pg.Pool({ connectionString: database.workerUrl, max })
  pool.on('error', () => undefined)
  atTheEnd(() => pool.end())

  async function batch(statements: SQL[]): Promise<unknown[][]> {
    const client = await pool.connect()
    try {
      await client.query('begin')
      const results: unknown[][] = []
      for (const statement of statements) {
        const { sql: text, params } = dialect.sqlToQuery(statement)
        results.push((await client.query(defect(text), params)).rows)
      }
      await client.query('commit')
      return results
    } catch (error) {
      await client.query('rollback')
      if (error instanceof Error && 'code' in error)
        throw new DatabaseError(String(error.code), error.message, { cause: error })
      throw error
    } finally {
      client.release()
    }
  }

  const db: Db = {
    batch,
    // The row type is the statement's own promise, as in core/db.ts.
    query: async <Row>(statement: SQL) => ((await batch([statement]))[0] ?? []) as Row[],
    transaction: () => Promise.reject(new Error('No verb under test opens a session')),
    with: () => db,
  }
  return db
}
