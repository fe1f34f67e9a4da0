import type { Role } from '../../../functions/registry/roles.ts'
import { type Answer, callerAt } from '../../support/caller.ts'
import type { TestWorker } from '../../support/worker.ts'

export type { Answer } from '../../support/caller.ts'

export type Caller = {
  get(path: string): Promise<Answer>
  post(path: string, body?: object, key?: string): Promise<Answer>
  patch(path: string, ifMatch: number, body: object): Promise<Answer>
  delete(path: string): Promise<Answer>
}

/** A client with a token; its paths are below /v1/clicks. */
export async function caller(app: TestWorker, role: Role = 'admin', sub = '1'): Promise<Caller> {
  const call = callerAt(app, { below: '/v1/clicks', token: await app.token(role, sub), keyed: true })
  return {
    get: (path) => call.get(path),
    post: (path, body, key) => call.post(path, { body, ...(key !== undefined && { key }) }),
    patch: (path, ifMatch, body) => call.patch(path, { ifMatch, body }),
    delete: (path) => call.delete(path),
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
