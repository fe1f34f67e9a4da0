import { subscribers } from '../../../functions/registry/roles.ts'
import type { TestWorker } from '../../support/worker.ts'
import { caller } from '../support/subscriber.ts'

/** Nobody listens there, so that each delivery fails. */
const closed = 'http://127.0.0.1:20009'

export const bindings = { WEBHOOK_ALLOW: closed, WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks' }

type Person = { role: string; sub: string; tenantId?: number }

/** A webhook of each owner, with a delivery that failed. */
export async function prepare(app: TestWorker, people: readonly Person[]): Promise<void> {
  for (const { role, sub, tenantId } of people) {
    const owner = subscribers.find((one) => one === role)
    if (owner === undefined) continue
    const ask = caller(app, await app.token(owner, sub, tenantId))
    const { body: hook } = await ask.post('/v1/webhooks', { body: { url: `${closed}/in`, events: ['*'] } })
    await ask.post(`/v1/webhooks/${String(hook['id'])}/test`)
  }
}
