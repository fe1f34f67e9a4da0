import type { TestWorker } from '../../support/worker.ts'

export type Answer = { status: number; body: Record<string, unknown>; headers: Headers; trips: number }

export type Caller = {
  get(path: string): Promise<Answer>
  post(path: string, body?: object, headers?: Record<string, string>): Promise<Answer>
  delete(path: string): Promise<Answer>
}

/** A client with a token; its paths are below /v1/clicks. */
export async function caller(app: TestWorker, role: 'admin' | 'partner', sub: string): Promise<Caller> {
  const authorization = `Bearer ${await app.token(role, sub)}`
  async function call(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
    const response = await app.fetch(`/v1/clicks${path}`, {
      method,
      headers: { authorization, ...(body && { 'content-type': 'application/json' }), ...headers },
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
    post: (path, body, headers) => call('POST', path, body, headers),
    delete: (path) => call('DELETE', path),
  }
}
