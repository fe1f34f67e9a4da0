import type { SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type pg from 'pg'
import { type Ctx, makeContext, type Principal } from '../functions/core/context.ts'
import type { Db } from '../functions/core/db.ts'

const dialect = new PgDialect()

type Direct = {
  /** Each statement is parsed and planned once per connection, as drivers that hold connections do. */
  plannedOnce?: boolean
}

const names = new Map<string, string>()

function nameOf(text: string): string {
  const name = names.get(text) ?? `s${names.size}`
  names.set(text, name)
  return name
}

/** The core's door to Postgres over one open connection: a verb runs as in the Worker, without HTTP in between. */
function directDb(client: pg.ClientBase, { plannedOnce = false }: Direct): Db {
  async function run(statement: SQL): Promise<unknown[]> {
    const { sql: text, params: values } = dialect.sqlToQuery(statement)
    const name = plannedOnce ? { name: nameOf(text) } : {}
    return (await client.query<Record<string, unknown>>({ ...name, text, values })).rows
  }
  const db: Db = {
    // The row type is the statement's own promise, as in core/db.ts.
    query: async <Row>(statement: SQL) => (await run(statement)) as Row[],
    async batch(statements) {
      await client.query('begin')
      const results: unknown[][] = []
      for (const statement of statements) results.push(await run(statement))
      await client.query('commit')
      return results
    },
    transaction: () => Promise.reject(new Error('No verb that is measured opens a session')),
    with: () => db,
  }
  return db
}

const limit = async () => ({ success: true })
const bindings = {
  DATABASE_URL: 'postgresql://nobody:nothing@localhost/nowhere',
  AUTH_SECRET: 'a secret that only the benchmarks of this repository use',
  RATE_READ: { limit },
  RATE_WRITE: { limit },
}

/** What a verb gets, over an open connection. */
export function contextOver(client: pg.ClientBase, principal: Principal, direct: Direct = {}): Ctx {
  const db = directDb(client, direct)
  const ctx = makeContext(bindings, { waitUntil: () => undefined })
  return Object.assign(ctx, { db, replica: db, principal })
}
