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

type Send = { body?: object; key?: string; ifMatch?: number }

export type Caller = {
  get(path: string): Promise<Answer>
  post(path: string, send?: Send): Promise<Answer>
  patch(path: string, send: Send): Promise<Answer>
  put(path: string, send: Send): Promise<Answer>
}

/** A client with a token; its paths are below /v1/dispatch. */
export async function caller(app: TestWorker, role: Role, sub: number | string): Promise<Caller> {
  const authorization = `Bearer ${await app.token(role, sub)}`
  async function call(method: string, path: string, { body, key, ifMatch }: Send = {}): Promise<Answer> {
    const response = await app.fetch(`/v1/dispatch${path}`, {
      method,
      headers: {
        authorization,
        ...(body && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
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
    get: (path) => call('GET', path),
    post: (path, send) => call('POST', path, send),
    patch: (path, send) => call('PATCH', path, send),
    put: (path, send) => call('PUT', path, send),
  }
}

export const parcel = {
  deliveryAddress: '2 Long Lane',
  recipientName: 'Rosa',
  phone: '+44 20 7946 0000',
  boxesCount: 2,
}

/** The number of answers of each kind, as in `{ '200': 1, '409 order_taken': 299 }`. */
export function tally(answers: Answer[]): Record<string, number> {
  const kinds = answers.map(({ status, body }) => [status, body['code']].filter(Boolean).join(' '))
  return Object.fromEntries(
    [...Map.groupBy(kinds, (kind) => kind)].map(([kind, those]) => [kind, those.length]),
  )
}
