/**
 * The only door to Postgres.
 *
 * `query` is one statement, `batch` one non-interactive transaction: each is one HTTP round trip through the pooled
 * endpoint. `transaction` is interactive, over a WebSocket that lives and dies inside this invocation; only guarded
 * jobs need it. Nothing is retried here: after a lost connection only an idempotency key can tell whether a write
 * happened. Every failure is a `DatabaseError`; its `committed` says whether the effect may exist all the same.
 */
import { NeonDbError, neon, neonConfig, Pool } from '@neondatabase/serverless'
import { type SQL, sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type { Metrics } from './metrics.ts'
import { DatabaseError } from './sqlstate.ts'

export type Isolation = 'ReadCommitted' | 'RepeatableRead' | 'Serializable'
export type BatchOptions = { isolation?: Isolation; readOnly?: boolean }

export type Db = {
  /** One statement. Rows as the driver parses them: bigint and numeric are strings, json is parsed. */
  query<Row>(statement: SQL): Promise<Row[]>
  /** Several statements in one transaction and one round trip; the rows of each. Any failure rolls all back. */
  batch(statements: SQL[], options?: BatchOptions): Promise<unknown[][]>
  /** An interactive transaction. Commits when `work` returns, rolls back when it throws. */
  transaction<T>(work: (tx: Tx) => Promise<T>, options?: { isolation?: Isolation }): Promise<T>
  /** The same database with settings (`app.tenant_id`) that hold inside each transaction only. */
  with(settings: Record<string, string>): Db
}

export type Tx = { query<Row>(statement: SQL): Promise<Row[]> }

/** A statement that answers nothing for this long is given up; Postgres' own statement_timeout is shorter. */
const answerTimeoutMs = 9_500

const dialect = new PgDialect()
const compile = (statement: SQL) => dialect.sqlToQuery(statement)

type DbOptions = { proxy?: string | undefined; settings?: Record<string, string> }

export function makeDb(url: string, metrics: Metrics, { proxy, settings = {} }: DbOptions = {}): Db {
  if (proxy !== undefined) useLocalProxy(proxy)
  const http = neon(url)
  const applied = Object.entries(settings).map(
    ([name, value]) => sql`select set_config(${name}, ${value}, true)`,
  )

  async function query<Row>(statement: SQL): Promise<Row[]> {
    if (applied.length > 0) return rowsOf<Row>((await batch([statement]))[0])
    const { sql: text, params } = compile(statement)
    return counted(metrics, async () =>
      rowsOf<Row>(await http.query(text, params, { fetchOptions: timeLimit() })),
    )
  }

  async function batch(statements: SQL[], { isolation, readOnly }: BatchOptions = {}): Promise<unknown[][]> {
    const queries = [...applied, ...statements]
      .map(compile)
      .map(({ sql: text, params }) => http.query(text, params))
    const results = await counted(metrics, () =>
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
    { isolation }: { isolation?: Isolation } = {},
  ): Promise<T> {
    // A pool that outlives its invocation hangs the next one: it is made and ended here.
    const pool = new Pool({ connectionString: url, max: 1 })
    pool.on('error', ignoreLateError)
    try {
      const client = await counted(metrics, () => pool.connect())
      client.on('error', ignoreLateError)
      const run = (text: string, params: unknown[] = []) => counted(metrics, () => client.query(text, params))
      let committing = false
      try {
        await run(`begin isolation level ${isolationLevels[isolation ?? 'ReadCommitted']}`)
        for (const setting of applied) await run(...asArguments(setting))
        const result = await work({
          query: async <Row>(statement: SQL) => rowsOf<Row>((await run(...asArguments(statement))).rows),
        })
        committing = true
        await run('commit')
        return result
      } catch (error) {
        if (committing && error instanceof DatabaseError && error.sqlstate === null)
          throw new DatabaseError(null, 'The connection was lost at commit', {
            committed: 'unknown',
            cause: error,
          })
        await client.query('rollback').catch(ignoreLateError)
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
    batch,
    transaction,
    with: (more) => makeDb(url, metrics, { proxy, settings: { ...settings, ...more } }),
  }
}

const isolationLevels: Record<Isolation, string> = {
  ReadCommitted: 'read committed',
  RepeatableRead: 'repeatable read',
  Serializable: 'serializable',
}

function asArguments(statement: SQL): [string, unknown[]] {
  const { sql: text, params } = compile(statement)
  return [text, params]
}

const timeLimit = () => ({ signal: AbortSignal.timeout(answerTimeoutMs) })

async function counted<T>(metrics: Metrics, trip: () => Promise<T>): Promise<T> {
  const started = performance.now()
  try {
    return await trip()
  } catch (error) {
    throw normalise(error)
  } finally {
    metrics.trip(performance.now() - started)
  }
}

/** The two drivers throw four kinds of error (one of them an ErrorEvent without a message): this is the one shape. */
function normalise(error: unknown): DatabaseError {
  const fields = fieldsOf(error)
  const message =
    error instanceof Error && error.message !== '' ? error.message : 'The connection to Postgres failed'
  if (fields.code === undefined || !/^[0-9A-Z]{5}$/.test(fields.code))
    return new DatabaseError(null, message, { committed: 'unknown', cause: error })
  return new DatabaseError(fields.code, message, {
    ...(fields.detail === undefined ? {} : { detail: fields.detail }),
    ...(fields.constraint === undefined ? {} : { constraint: fields.constraint }),
    cause: error,
  })
}

function fieldsOf(error: unknown): { code?: string; detail?: string; constraint?: string } {
  if (error instanceof NeonDbError) {
    const { code, detail, constraint } = error
    return { ...(code ? { code } : {}), ...(detail ? { detail } : {}), ...(constraint ? { constraint } : {}) }
  }
  if (typeof error !== 'object' || error === null) return {}
  const read = (name: string) => {
    const value: unknown = Reflect.get(error, name)
    return typeof value === 'string' ? { [name]: value } : {}
  }
  return { ...read('code'), ...read('detail'), ...read('constraint') }
}

/** The row type is the statement's own promise: SQL and type stand side by side in the verb, and its tests run both. */
function rowsOf<Row>(rows: unknown): Row[] {
  return rows as Row[]
}

/** A backend that dies while its socket is already being closed has nobody left to tell. */
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
