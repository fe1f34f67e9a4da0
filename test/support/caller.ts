import type { TestWorker } from './worker.ts'

export type Answer = {
  status: number
  /** The parsed body, or `{}` if it is not a JSON object. */
  body: Record<string, unknown>
  text: string
  headers: Headers
  /** Round trips to Postgres. */
  trips: number
}

export type Send = {
  body?: unknown
  key?: string
  ifMatch?: number
  ifNoneMatch?: string
  requestId?: string
}

export type Caller = Record<
  'get' | 'post' | 'put' | 'patch' | 'delete',
  (path: string, send?: Send) => Promise<Answer>
>

type Place = {
  /** The path before those of the calls, as in /v1/dispatch. */
  below: string
  token: string
  /** As a careful client sends it: no POST is without a key. */
  keyed?: boolean
}

export function callerAt(app: TestWorker, { below, token, keyed = false }: Place): Caller {
  async function call(method: string, path: string, send: Send = {}): Promise<Answer> {
    const { body, ifMatch, ifNoneMatch, requestId } = send
    const key = send.key ?? (keyed && method === 'POST' ? crypto.randomUUID() : undefined)
    const response = await app.fetch(`${below}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
        ...(ifNoneMatch !== undefined && { 'if-none-match': ifNoneMatch }),
        ...(requestId !== undefined && { 'x-request-id': requestId }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const { status, headers } = response
    const text = await response.text()
    const isObject = /^application\/(problem\+)?json\b/.test(headers.get('content-type') ?? '')
    return {
      status,
      body: isObject ? (JSON.parse(text) as Record<string, unknown>) : {},
      text,
      headers,
      trips: Number(headers.get('x-db-round-trips')),
    }
  }
  return {
    get: (path, send) => call('GET', path, send),
    post: (path, send) => call('POST', path, send),
    put: (path, send) => call('PUT', path, send),
    patch: (path, send) => call('PATCH', path, send),
    delete: (path, send) => call('DELETE', path, send),
  }
}

/**
 * As a client in a crowd: it calls again while the Worker is busy with others or with this call, and after a lost
 * connection. A write needs one key for all its calls.
 */
export async function insist(call: () => Promise<Answer>, callsLeft = 50): Promise<Answer> {
  try {
    const answer = await call()
    const isOver = answer.status !== 503 && answer.body['code'] !== 'in_progress'
    if (isOver || callsLeft === 0) return answer
  } catch (error) {
    if (!isLostConnection(error) || callsLeft === 0) throw error
  }
  return insist(call, callsLeft - 1)
}

/** The server closed the connection before its answer arrived. */
export function isLostConnection(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as { code?: string }
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(code ?? '')
}

/** The number of answers of each kind, as in `{ '200': 1, '409 order_taken': 299 }`. */
export function tally(answers: Answer[]): Record<string, number> {
  const kinds = answers.map(({ status, body }) => [status, body['code']].filter(Boolean).join(' '))
  return Object.fromEntries(
    [...Map.groupBy(kinds, (kind) => kind)].map(([kind, those]) => [kind, those.length]),
  )
}
