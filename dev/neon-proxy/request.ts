import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Refusal } from './refusal.ts'

/** The database that a request names. Postgres checks the password, the proxy does not. */
export type Login = { user: string; password: string; database: string }

export type Route = { login: Login; host: string }

export type Statement = { query: string; params: unknown[]; arrayMode?: boolean }

export type Batch = { isolation: string | null; readOnly: boolean; deferrable: boolean }

const isolationLevels: Record<string, string> = {
  ReadUncommitted: 'read uncommitted',
  ReadCommitted: 'read committed',
  RepeatableRead: 'repeatable read',
  Serializable: 'serializable',
}

/** The login, and the host with its port, which may be that of a standby. */
export function readRoute(headers: IncomingHttpHeaders): Route {
  const header = headers['neon-connection-string']
  if (typeof header !== 'string') throw new Refusal(400, 'invalid header: neon-connection-string')
  const url = parseUrl(header)
  if (!/^postgres(ql)?:$/.test(url.protocol)) throw new Refusal(400, 'incorrect scheme')
  if (!url.username) throw new Refusal(400, 'missing username')
  if (!url.password) throw new Refusal(400, 'missing authentication credentials: required password')
  if (!url.hostname) throw new Refusal(400, 'missing hostname')
  const database = decodeURIComponent(url.pathname.slice(1))
  if (!database) throw new Refusal(400, 'missing database name')
  const login = {
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database,
  }
  return { login, host: url.host }
}

/** The transaction that a batch requests. As on Neon, every value but "true" is false. */
export function readBatch(headers: IncomingHttpHeaders): Batch {
  const level = headers['neon-batch-isolation-level']
  const isolation = level === undefined ? null : (isolationLevels[String(level)] ?? null)
  if (level !== undefined && isolation === null) throw new Refusal(400, 'invalid isolation level')
  return {
    isolation,
    readOnly: headers['neon-batch-read-only'] === 'true',
    deferrable: headers['neon-batch-deferrable'] === 'true',
  }
}

/**
 * Reads the whole body. A 413 follows only after all of it, because a client that still writes would miss the response.
 */
export async function readBody(req: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req) {
    bytes += chunk.length
    if (bytes <= maxBytes) chunks.push(chunk)
  }
  if (bytes > maxBytes) throw new Refusal(413, `request is too large (max is ${maxBytes} bytes)`)
  return Buffer.concat(chunks).toString('utf8')
}

/** The statements of a request, and whether there is a single one, which runs by itself and not as a batch. */
export function readStatements(body: string): { single: Statement | null; statements: Statement[] } {
  const payload = readJson(body)
  if (isObject(payload) && typeof payload.query === 'string') {
    const single = readStatement(payload)
    return { single, statements: [single] }
  }
  if (isObject(payload) && Array.isArray(payload.queries)) {
    return { single: null, statements: payload.queries.map(readStatement) }
  }
  throw unreadable('data did not match any variant of untagged enum Payload')
}

function readStatement(value: unknown): Statement {
  if (!isObject(value) || typeof value.query !== 'string') throw unreadable('missing field `query`')
  const { query, params = [], arrayMode } = value
  if (!Array.isArray(params)) throw unreadable('invalid type: expected a sequence')
  return { query, params, ...(typeof arrayMode === 'boolean' && { arrayMode }) }
}

function parseUrl(text: string): URL {
  try {
    return new URL(text)
  } catch {
    throw new Refusal(400, 'invalid connection string: relative URL without a base')
  }
}

export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error))
  }
}

function unreadable(why: string): Refusal {
  return new Refusal(400, `could not parse the HTTP request body: ${why}`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
