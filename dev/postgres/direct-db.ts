import { createHash } from 'node:crypto'
import type { SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import pg from 'pg'
import type { Db } from '../../functions/core/db.ts'
import { callOf } from '../../functions/core/hot.ts'
import type { Statement } from '../../functions/core/named.ts'
import { DatabaseError } from '../../functions/core/sqlstate.ts'

type Direct = {
  /** Parses and plans each statement once per connection, as drivers that hold connections do. */
  plannedOnce?: boolean
  /** Changes the text of each statement. A negative control plants its defect here. */
  mutate?: (text: string) => string
  /** Calls the functions of hot statements, as the Worker does. */
  hotCalls?: boolean
  /** Awaited before each statement and each commit. Then a single statement has a commit of its own as well. */
  step?: (before: 'statement' | 'commit') => Promise<void>
}

type Sending = (client: pg.ClientBase) => Promise<unknown[]>

const dialect = new PgDialect()

/**
 * The `Db` of core over connections that are open already, without the proxy: for benchmarks, for negative controls and
 * for tests that choose the order of the steps. It has no interactive transactions, and `with` keeps the settings of the
 * connection.
 */
export function directDb(source: pg.ClientBase | pg.Pool, options: Direct = {}): Db {
  const { plannedOnce = false, mutate = (text: string) => text, step, hotCalls = false } = options

  async function send(client: pg.ClientBase, statement: SQL): Promise<unknown[]> {
    const { sql, params: values } = dialect.sqlToQuery(statement)
    const text = mutate(sql)
    const name = plannedOnce ? { name: nameOf(text) } : {}
    return (await client.query<Record<string, unknown>>({ ...name, text, values })).rows
  }

  async function inTransaction(client: pg.ClientBase, sendings: Sending[]): Promise<unknown[][]> {
    try {
      const results: unknown[][] = []
      for (const [at, sending] of sendings.entries()) {
        await step?.('statement')
        if (at === 0) await client.query('begin')
        results.push(await sending(client))
      }
      await step?.('commit')
      await client.query('commit')
      return results
    } catch (error) {
      await client.query('rollback')
      throw error
    }
  }

  const together = (sendings: Sending[]) => lent(source, (client) => inTransaction(client, sendings))
  const alone = async (sending: Sending) =>
    step ? (await together([sending]))[0] : await lent(source, sending)
  const sendingOf = (statement: SQL) => (client: pg.ClientBase) => send(client, statement)
  const db: Db = {
    batch: (statements: SQL[]) => together(statements.map(sendingOf)),
    async query<Row>(statement: Statement) {
      const rows = (await db.call(statement, null)) ?? (await alone(sendingOf(statement)))
      // The row type is the statement's own promise, as in core/db.ts.
      return (rows ?? []) as Row[]
    },
    // A test that changes the text needs the statement itself.
    call: async (statement, key) => {
      const calling = hotCalls ? callOf(statement, { key, settings: {} }) : null
      if (calling === null) return null
      const rows = await alone(async (client) => (await client.query(calling.text, calling.params)).rows)
      return rows ?? []
    },
    transaction: () => Promise.reject(new Error('A direct connection has no interactive transactions')),
    with: () => db,
  }
  return db
}

async function lent<T>(
  source: pg.ClientBase | pg.Pool,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  const [client, giveBack] = await borrow(source)
  try {
    return await work(client)
  } catch (error) {
    throw asDatabaseError(error)
  } finally {
    giveBack()
  }
}

async function borrow(source: pg.ClientBase | pg.Pool): Promise<[pg.ClientBase, giveBack: () => void]> {
  if (!(source instanceof pg.Pool)) return [source, () => undefined]
  const client = await source.connect()
  return [client, () => client.release()]
}

const names = new Map<string, string>()

function nameOf(text: string): string {
  const name = names.get(text) ?? createHash('sha1').update(text).digest('hex')
  names.set(text, name)
  return name
}

function asDatabaseError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const detail = 'detail' in error && typeof error.detail === 'string' ? { detail: error.detail } : {}
  const carried = 'column' in error && typeof error.column === 'string' ? { carried: error.column } : {}
  const place = 'table' in error && typeof error.table === 'string' ? { place: error.table } : {}
  return new DatabaseError(String(error.code), error.message, {
    ...detail,
    ...carried,
    ...place,
    cause: error,
  })
}
