import type { Role } from '../../../functions/registry/roles.ts'
import type { TestWorker } from '../../support/worker.ts'

export type Answer = {
  status: number
  /** The parsed body, or `{}` if there is none. */
  body: Record<string, unknown>
  headers: Headers
  /** Round trips to Postgres. */
  trips: number
}

type Send = { body?: object; key?: string; ifMatch?: number; ifNoneMatch?: string }

export type Caller = {
  get(path: string, send?: Send): Promise<Answer>
  post(path: string, send?: Send): Promise<Answer>
  put(path: string, send?: Send): Promise<Answer>
  patch(path: string, send?: Send): Promise<Answer>
  delete(path: string, send?: Send): Promise<Answer>
}

/** A client of /v1/fleet with this token. */
export function bearer(app: TestWorker, token: string): Caller {
  async function call(method: string, path: string, send: Send = {}): Promise<Answer> {
    const { body, key, ifMatch, ifNoneMatch } = send
    const response = await app.fetch(`/v1/fleet${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': 'application/json' }),
        // As a careful client sends it: a POST is never without a key.
        ...(method === 'POST' && { 'idempotency-key': key ?? crypto.randomUUID() }),
        ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
        ...(ifNoneMatch !== undefined && { 'if-none-match': ifNoneMatch }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      headers: response.headers,
      trips: Number(response.headers.get('x-db-round-trips')),
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

export async function callerOf(app: TestWorker, role: Role, tenantId?: number): Promise<Caller> {
  return bearer(app, await app.token(role, 'someone', tenantId))
}

/** The number of answers of each kind, as in `{ '200': 1, '409 illegal_transition': 9 }`. */
export function tally(answers: Answer[]): Record<string, number> {
  const kinds = answers.map(({ status, body }) => [status, body['code']].filter(Boolean).join(' '))
  return Object.fromEntries(
    [...Map.groupBy(kinds, (kind) => kind)].map(([kind, those]) => [kind, those.length]),
  )
}
