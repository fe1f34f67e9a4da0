import { describe, expect, it } from 'vitest'
import { unknownEvents } from '../../../functions/webhooks/rules.ts'
import { freshWorker } from '../../support/worker.ts'
import { startReceiver } from '../support/receiver.ts'
import { caller, orderToPickup } from '../support/subscriber.ts'

const receiver = await startReceiver()
const app = await freshWorker({
  bindings: {
    WEBHOOK_ALLOW: receiver.origin,
    WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks',
  },
})
const { storeId } = await orderToPickup(app)
const callers = {
  store: caller(app, await app.token('store', storeId)),
  tenant: caller(app, await app.token('tenant', 'server', 10_001)),
  admin: caller(app, await app.token('admin', 'root')),
}
const document = await app
  .fetch('/openapi.json')
  .then((response) => response.json<{ webhooks: Record<string, { post: { description: string } }> }>())
const listed = Object.entries(document.webhooks)
const namesFor = (role: string) =>
  listed.filter(([, { post }]) => post.description.includes(role)).map(([name]) => name)

const subscribe = (role: keyof typeof callers, events: string[]) =>
  callers[role].post('/v1/webhooks', { body: { url: `${receiver.origin}/in`, events } })

describe('a webhook', () => {
  it.each([
    ['store', 'order.nonsense'],
    ['store', 'nonsense.*'],
    ['store', 'bet.*'],
    ['store', 'bet.settled'],
    ['store', 'deposit.completed'],
    ['tenant', 'order.*'],
    ['tenant', 'order.created'],
    ['admin', 'order.nonsense'],
    ['admin', 'orde.*'],
  ] as const)('of a %s cannot name %s, which it would never receive', async (role, name) => {
    const { status, body } = await subscribe(role, ['*', name])
    expect(status).toBe(400)
    expect(body).toMatchObject({ code: 'validation_failed', errors: [{ path: 'events.1' }] })
  })

  it.each(['store', 'tenant', 'admin'] as const)(
    'of a %s can name each event of the document for its role, and each prefix',
    async (role) => {
      const names = namesFor(role)
      expect(names.length).toBeGreaterThan(8)
      const prefixes = new Set(names.map((name) => `${name.split('.')[0]}.*`))
      const { status, body } = await subscribe(role, ['*', ...names, ...prefixes].slice(0, 50))
      expect(status).toBe(201)
      await callers[role].delete(`/v1/webhooks/${String(body['id'])}`)
    },
  )

  it('cannot be changed to such a name either, and stays as it was', async () => {
    const { body } = await subscribe('store', ['order.*'])
    const path = `/v1/webhooks/${String(body['id'])}`
    expect(
      await callers.store.patch(path, { body: { events: ['bet.*'] }, ifMatch: Number(body['version']) }),
    ).toMatchObject({ status: 400 })
    expect((await callers.store.get(path)).body).toMatchObject({ events: ['order.*'], version: 1 })
  })

  it('would be silent for ever with the check of the form alone', () => {
    const known = namesFor('store')
    expect(unknownEvents(['bet.*', 'order.nonsense', 'order.*', '*'], known)).toEqual([
      'bet.*',
      'order.nonsense',
    ])
    expect(unknownEvents(known, known)).toEqual([])
  })
})
