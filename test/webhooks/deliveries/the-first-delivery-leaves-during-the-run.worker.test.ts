import { expect, it, vi } from 'vitest'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { startReceiver } from '../support/receiver.ts'
import { anotherOrder, caller, orderToPickup } from '../support/subscriber.ts'

const receiver = await startReceiver()
const app = await freshWorker({
  bindings: {
    WEBHOOK_ALLOW: receiver.origin,
    WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks',
    // The longest time: the test ends the run, however long a busy machine takes until then.
    WEBHOOK_LINGER_SECONDS: '55',
  },
})
const { storeId } = await orderToPickup(app)
const store = caller(app, await app.token('store', storeId))

it('sends the first event of the first webhook during the run that began without any webhook', async () => {
  const ended = vi.fn<() => void>()
  const run = app.scheduled('* * * * *').then(ended, () => undefined)
  const began = async () =>
    (await app.database.admin.query(`select from core.leases where name = 'core-webhooks'`)).rows.length > 0
  await vi.waitUntil(began, soon)
  await store.post('/v1/webhooks', { body: { url: `${receiver.origin}/first`, events: ['order.created'] } })
  const orderId = await anotherOrder(app, storeId)
  await receiver.until(() => receiver.at('/first').length > 0)
  expect(ended).not.toHaveBeenCalled()
  // Only the events after its creation arrive.
  expect(receiver.at('/first').map(({ body }) => JSON.parse(body).data.orderId)).toEqual([orderId])
  // The run lingers on; its Worker is stopped.
  await app.dispose()
  await run
})
