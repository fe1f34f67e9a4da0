/**
 * The only door to Postgres.
 *
 * `query` is one statement, `batch` one non-interactive transaction: each is one HTTP round trip through the pooled
 * endpoint. `transaction` is interactive, over a WebSocket that opens and closes inside this invocation; only guarded
 * jobs need it. Nothing is retried here: after a lost connection only an idempotency key can show whether a write
 * happened. Every failure is a `DatabaseError`, and its `committed` says whether the effect may exist nevertheless.
 */
import { neon, neonConfig, Pool } from '@neondatabase/serverless'
import { sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import { callOf, type Key, noteMissing } from './hot.ts'
import type { Metrics } from './metrics.ts'
import { commented, named, nameOfAll, type Statement } from './named.ts'
import { DatabaseError, leavesDoubt } from './sqlstate.ts'

export type Isolation = 'ReadCommitted' | 'RepeatableRead' | 'Serializable'
export type BatchOptions = { isolation?: Isolation; readOnly?: boolean }

export type Db = {
  /** One statement. Rows as the driver parses them: bigint and numeric are strings, json is parsed. */
  query<Row>(statement: Statement): Promise<Row[]>
  /**
   * A hot statement as its function, with the key inside; null if this database has no such function. The settings of
   * this `Db` are applied inside as well.
   */
  call(statement: Statement, key: Key | null): Promise<unknown[] | null>
  /** Several statements in one transaction and one round trip; the rows of each. Any failure rolls all back. */
  batch(statements: Statement[], options?: BatchOptions): Promise<unknown[][]>
  /** An interactive transaction. Commits when `work` returns, rolls back when it throws. */
  transaction<T>(work: (tx: Tx) => Promise<T>, options?: { isolation?: Isolation }): Promise<T>
  /** The same database with settings (`app.tenant_id`) that hold inside each transaction only. */
  with(settings: Record<string, string>): Db
}

export type Tx = { query<Row>(statement: Statement): Promise<Row[]> }

/** The driver gives up after these times; the statement_timeout of Postgres is shorter. */
const timeouts = { connectMs: 5_000, answerMs: 9_500 }

const dialect = new PgDialect()

function compile(statement: Statement): { text: string; params: unknown[] } {
  const { sql: text, params } = dialect.sqlToQuery(statement)
  return { text: commented(text, statement.verb), params }
}

type DbOptions = {
  proxy?: string | undefined
  settings?: Record<string, string>
  limits?: typeof timeouts
}

export function makeDb(url: string, metrics: Metrics, options: DbOptions = {}): Db {
  const { proxy, settings = {}, limits = timeouts } = options
  if (proxy !== undefined) useLocalProxy(proxy)
  const http = neon(url)
  const applied = applying(settings)
  const timeLimit = () => ({ signal: AbortSignal.timeout(limits.answerMs) })

  async function call(statement: Statement, key: Key | null): Promise<unknown[] | null> {
    const calling = callOf(statement, { key, settings })
    if (calling === null) return null
    try {
      return await sent(statement.verb, calling)
    } catch (error) {
      // The migration that makes the function has not run yet.
      if (!isMissing(error, calling.name)) throw error
      noteMissing(calling.name)
      return null
    }
  }

  async function sent(verb: string, { text, params }: ReturnType<typeof compile>): Promise<unknown[]> {
    return counted(metrics, verb, async () =>
      rowsOf<unknown>(await http.query(text, params, { fetchOptions: timeLimit() })),
    )
  }

  async function query<Row>(statement: Statement): Promise<Row[]> {
    const called = await call(statement, null)
    if (called !== null) return rowsOf<Row>(called)
    if (applied.length > 0) return rowsOf<Row>((await batch([statement]))[0])
    return rowsOf<Row>(await sent(statement.verb, compile(statement)))
  }

  async function batch(
    statements: Statement[],
    { isolation, readOnly }: BatchOptions = {},
  ): Promise<unknown[][]> {
    const queries = [...applied, ...statements]
      .map(compile)
      .map(({ text, params }) => http.query(text, params))
    const results = await counted(metrics, nameOfAll(statements), () =>
      http.transaction(queries, {
        fetchOptions: timeLimit(),
        ...(isolation ? { isolationLevel: isolation } : {}),
        ...(readOnly ? { readOnly } : {}),
      }),
    )
    return results.slice(applied.length).map((rows) => rowsOf<unknown>(rows))
  }

  async function transaction<T>(
    work: (tx: Tx) => Promise<T>,
    { isolation = 'ReadCommitted' }: { isolation?: Isolation } = {},
  ): Promise<T> {
    // A pool that outlives its invocation hangs the next one, so each call makes and ends its own.
    const pool = new Pool({
      connectionString: url,
      max: 1,
      connectionTimeoutMillis: limits.connectMs,
      query_timeout: limits.answerMs,
    })
    pool.on('error', ignoreLateError)
    try {
      const client = await counted(metrics, 'core.connect', () => pool.connect(), { beforeCommit: true })
      client.on('error', ignoreLateError)
      const run = (statement: Statement) => {
        const { text, params } = compile(statement)
        return counted(metrics, statement.verb, () => client.query(text, params), { beforeCommit: true })
      }
      try {
        await run(beginning[isolation])
        for (const setting of applied) await run(setting)
        const result = await work({
          query: async <Row>(statement: Statement) => rowsOf<Row>((await run(statement)).rows),
        })
        const { command } = await counted(metrics, 'core.commit', () => client.query('commit'))
        // After a failed statement Postgres answers COMMIT with ROLLBACK, and with no error.
        if (command !== 'COMMIT')
          throw new DatabaseError(
            '25P02',
            'The work continued after a failed statement, so Postgres rolled it back',
          )
        return result
      } catch (error) {
        // A lost connection accepts no rollback; the server rolls back when it notices the loss.
        if (!isLost(error)) await client.query('rollback').catch(ignoreLateError)
        throw error
      } finally {
        client.release(true)
      }
    } finally {
      await pool.end().catch(ignoreLateError)
    }
  }

  return {
    query,
    call,
    batch,
    transaction,
    with: (more) => makeDb(url, metrics, { ...options, settings: { ...settings, ...more } }),
  }
}

/** `true`: for this transaction only. Afterwards the pooler gives the connection to another client. */
function applying(settings: Record<string, string>): Statement[] {
  const calls = Object.entries(settings).map(([name, value]) => sql`set_config(${name}, ${value}, true)`)
  return calls.length === 0 ? [] : [named('core.apply-settings')`select ${sql.join(calls, sql`, `)}`]
}

const beginning: Record<Isolation, Statement> = {
  ReadCommitted: named('core.begin-committed')`begin isolation level read committed`,
  RepeatableRead: named('core.begin-repeatable')`begin isolation level repeatable read`,
  Serializable: named('core.begin-serializable')`begin isolation level serializable`,
}

async function counted<T>(
  metrics: Metrics,
  verb: string,
  trip: () => Promise<T>,
  { beforeCommit = false } = {},
): Promise<T> {
  const started = performance.now()
  try {
    return await trip()
  } catch (error) {
    const failure = normalise(error, beforeCommit)
    const { sqlstate } = failure
    metrics.count('db_query_errors_total', { query: verb, class: sqlstate?.slice(0, 2) ?? 'connection' })
    throw failure
  } finally {
    metrics.trip(performance.now() - started, verb)
  }
}

/**
 * The two drivers throw four kinds of error, one of them an ErrorEvent without a message; all become this one.
 * Before COMMIT is sent nothing can be committed, however the connection ends.
 */
function normalise(error: unknown, beforeCommit: boolean): DatabaseError {
  const [code, detail, place, constraint, carried] = ['code', 'detail', 'table', 'constraint', 'column'].map(
    (name) => textAt(error, name),
  )
  const message = textAt(error, 'message') ?? 'The connection to Postgres failed'
  const sqlstate = code !== undefined && isSqlstate(code) ? code : null
  return new DatabaseError(sqlstate, message, {
    committed: !beforeCommit && leavesDoubt(sqlstate) ? 'unknown' : 'no',
    ...(detail === undefined ? {} : { detail }),
    ...(place === undefined ? {} : { place }),
    ...(constraint === undefined ? {} : { constraint }),
    ...(carried === undefined ? {} : { carried }),
    cause: error,
  })
}

/** Five characters with a digit among them: `EPIPE` comes from the operating system. */
function isSqlstate(code: string): boolean {
  return /^(?=.*\d)[0-9A-Z]{5}$/.test(code)
}

function textAt(error: unknown, name: string): string | undefined {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The database has no function of this name; a statement inside a function that exists names another one. */
function isMissing(error: unknown, name: string): boolean {
  return error instanceof DatabaseError && error.sqlstate === '42883' && error.message.includes(`${name}(`)
}

function isLost(error: unknown): boolean {
  return error instanceof DatabaseError && error.sqlstate === null
}

/** The verb declares the row type beside its SQL, and its tests run both. */
function rowsOf<Row>(rows: unknown): Row[] {
  return rows as Row[]
}

/** When a backend dies while its socket is closing, no caller is left to receive the error. */
function ignoreLateError(): void {}

let proxyInUse: string | undefined

/** Driver settings are global to the isolate; production leaves them at Neon's defaults. */
function useLocalProxy(proxy: string): void {
  if (proxyInUse === proxy) return
  proxyInUse = proxy
  neonConfig.fetchEndpoint = `http://${proxy}/sql`
  neonConfig.wsProxy = () => `${proxy}/v2`
  neonConfig.useSecureWebSocket = false
  neonConfig.pipelineTLS = false
}
