import { noteServerTime, serverNow } from './parts/clock.ts'
import { record } from './parts/receipts.ts'
import { ended, token } from './parts/session.ts'

/*
 * The one way from a page to the API. `ask` adds the token, the key of a POST and the position of the last write, and
 * records a receipt. A refusal and a lost reply are values, never exceptions. The types of answers come from the contracts:
 * `import type * as wire from '../../functions/<row>/<noun>/contract.ts'` and `z.infer<typeof wire.Order>`.
 */

export type Problem = {
  /** 0: no reply arrived, so a write may or may not have happened. */
  status: number
  code: string
  title: string
  detail: string
  requestId: string | null
  errors: readonly { path: string; message: string }[]
  /** Seconds after which the same call may succeed. */
  retryAfter: number | null
  /** Members that the verb added, such as `current`. */
  more: Readonly<Record<string, unknown>>
}

export type Reply<T> =
  | { ok: true; status: number; data: T; etag: string | null; at: number }
  | { ok: true; status: 304; data: null; etag: string | null; at: number }
  | { ok: false; problem: Problem }

export type Request = {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  body?: object
  /** A POST gets one by itself. The caller gives it to repeat a call whose reply was lost. */
  key?: string
  /** The version that a change expects. */
  ifMatch?: number
  ifNoneMatch?: string | null
  signal?: AbortSignal
}

/** The position of this tab's last write: reads after it see it, also on a replica. */
let position: string | null = null

export async function ask<T>(path: string, request: Request = {}): Promise<Reply<T>> {
  const { method = 'GET', signal } = request
  const key = request.key ?? (method === 'POST' ? newKey() : null)
  const body = request.body === undefined ? null : JSON.stringify(request.body)
  const started = performance.now()
  const sent = { method, path, key, ifMatch: request.ifMatch ?? null, body }
  let response: Response
  let text: string
  try {
    response = await fetch(path, {
      method,
      headers: headersOf(request, key),
      body,
      cache: 'no-store',
      credentials: 'omit',
      ...(signal && { signal }),
    })
    text = await response.text()
  } catch {
    if (!signal?.aborted) record({ ...sent, ...unanswered, at: serverNow(), ms: performance.now() - started })
    return { ok: false, problem: noReply }
  }
  const ms = performance.now() - started
  noteServerTime(response.headers.get('date'), ms)
  record({ ...sent, ...costOf(response.headers), at: serverNow(), status: response.status, ms })
  position = response.headers.get('x-position') ?? position
  if (response.status === 401 && token.value !== null) ended.value = true
  const etag = response.headers.get('etag')
  const at = serverNow()
  if (response.status === 304) return { ok: true, status: 304, data: null, etag, at }
  const value = parsed(text)
  if (response.ok) return { ok: true, status: response.status, data: value as T, etag, at }
  return { ok: false, problem: problemOf(response, value) }
}

export function newKey(): string {
  return crypto.randomUUID()
}

/** For the stream, which reads its body as it comes. */
export function authorization(): Record<string, string> {
  return token.value === null ? {} : { authorization: `Bearer ${token.value}` }
}

function headersOf({ body, ifMatch, ifNoneMatch }: Request, key: string | null): Record<string, string> {
  return {
    accept: 'application/json',
    ...authorization(),
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(key !== null && { 'idempotency-key': key }),
    ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
    ...(ifNoneMatch && { 'if-none-match': ifNoneMatch }),
    ...(position !== null && { 'x-position': position }),
  }
}

const unanswered = {
  status: 0,
  dbMs: null,
  trips: null,
  statement: null,
  requestId: null,
  replayed: false,
  position: null,
}

const noReply: Problem = {
  status: 0,
  code: 'no_reply',
  title: 'No reply',
  detail: 'The Worker did not answer: the network or the Worker is away.',
  requestId: null,
  errors: [],
  retryAfter: null,
  more: {},
}

function costOf(headers: Headers) {
  const timing = headers.get('server-timing') ?? ''
  const [, dbMs, statement = null] = /\bdb;dur=([\d.]+)(?:;desc="([^"]*)")?/.exec(timing) ?? []
  const trips = headers.get('x-db-round-trips')
  return {
    dbMs: dbMs === undefined ? null : Number(dbMs),
    trips: trips === null ? null : Number(trips),
    statement,
    requestId: headers.get('x-request-id'),
    replayed: headers.get('idempotency-replayed') === 'true',
    position: headers.get('x-position'),
  }
}

function parsed(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text)
  } catch {
    return null
  }
}

/** The problem of a stream that was refused. */
export async function problemIn(response: Response): Promise<Problem> {
  return problemOf(response, parsed(await response.text().catch(() => '')))
}

function problemOf({ status, headers }: Response, value: unknown): Problem {
  const { code, title, detail, requestId, errors, ...more } =
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  return {
    status,
    code: typeof code === 'string' ? code : `http_${status}`,
    title: typeof title === 'string' ? title : 'The answer is no problem of this API',
    detail: typeof detail === 'string' ? detail : `The server answered ${status}.`,
    requestId: typeof requestId === 'string' ? requestId : headers.get('x-request-id'),
    errors: Array.isArray(errors) ? errors : [],
    retryAfter: secondsOf(headers.get('retry-after')),
    more,
  }
}

/** The API gives seconds; a proxy may give a date, which names no pause that is worth a wait. */
function secondsOf(retryAfter: string | null): number | null {
  return retryAfter !== null && /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : null
}
