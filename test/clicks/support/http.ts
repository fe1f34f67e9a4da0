import type { Role } from '../../../functions/registry/roles.ts'
import type { TestWorker } from '../../support/worker.ts'

export type Answer = {
  status: number
  /** The parsed body, or `{}` if there is none. */
  body: Record<string, unknown>
  text: string
  headers: Headers
  /** Round trips to Postgres. */
  trips: number
}

type Send = { body?: object; key?: string; ifMatch?: number }

export type Caller = {
  get(path: string): Promise<Answer>
  post(path: string, body?: object, key?: string): Promise<Answer>
  patch(path: string, ifMatch: number, body: object): Promise<Answer>
  delete(path: string): Promise<Answer>
}

/** A client with a token; its paths are below /v1/clicks. */
export async function caller(app: TestWorker, role: Role = 'admin', sub = '1'): Promise<Caller> {
  const authorization = `Bearer ${await app.token(role, sub)}`
  async function call(method: string, path: string, { body, key, ifMatch }: Send = {}): Promise<Answer> {
    const response = await app.fetch(`/v1/clicks${path}`, {
      method,
      headers: {
        authorization,
        ...(body && { 'content-type': 'application/json' }),
        // As a careful client sends it: a POST is never without a key.
        ...(method === 'POST' && { 'idempotency-key': key ?? crypto.randomUUID() }),
        ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      body:
        /^\s*\{/.test(text) && !/ndjson|csv/.test(response.headers.get('content-type') ?? '')
          ? JSON.parse(text)
          : {},
      text,
      headers: response.headers,
      trips: Number(response.headers.get('x-db-round-trips')),
    }
  }
  return {
    get: (path) => call('GET', path),
    post: (path, body, key) =>
      call('POST', path, { ...(body && { body }), ...(key !== undefined && { key }) }),
    patch: (path, ifMatch, body) => call('PATCH', path, { ifMatch, body }),
    delete: (path) => call('DELETE', path),
  }
}

export const idOf = ({ body }: Answer) => Number(body['id'])

/** A campaign with this slug and one offer. */
export const campaignOf = (slug: string, more: object = {}) => ({
  slug,
  name: slug,
  currency: 'USD',
  payoutMinor: 150,
  offers: [{ name: 'A', url: 'https://shop.example/a?cid={clickid}' }],
  ...more,
})
