import { type Caller, callerAt } from '../../support/caller.ts'
import type { TestWorker } from '../../support/worker.ts'

/** Calls with whole paths: a subscriber also calls the row whose events it receives. */
export function caller(app: TestWorker, token: string): Caller {
  return callerAt(app, { below: '', token })
}

let minutes = 0

/** Runs the jobs of a minute. Each call takes another minute, because a slot runs once. */
export async function runWebhooks(app: TestWorker): Promise<void> {
  minutes += 1
  const { outcome } = await app.scheduled('* * * * *', new Date(Date.now() + minutes * 60_000))
  if (outcome !== 'ok') throw new Error(`The run ended as ${outcome}`)
}

/** Makes every pending delivery due now, as if its pause were over. */
export async function passPauses(app: TestWorker): Promise<void> {
  await app.database.admin.query(
    `update webhooks.webhook_deliveries set due_at = now() where state = 'waiting'`,
  )
  await app.database.admin.query('update webhooks.webhooks set paused_until = null')
}

/** A store with an order that a courier has picked up, which are four events. */
export async function orderToPickup(app: TestWorker): Promise<{ storeId: number; orderId: number }> {
  const admin = caller(app, await app.token('admin', 'root'))
  const { body: store } = await admin.post('/v1/dispatch/stores', {
    body: {
      name: 'Baker',
      pickupAddress: '1 Market Street',
    },
  })
  return { storeId: Number(store['id']), orderId: await anotherOrder(app, Number(store['id'])) }
}

export async function anotherOrder(app: TestWorker, storeId: number): Promise<number> {
  const admin = caller(app, await app.token('admin', 'root'))
  const { body: person } = await admin.post('/v1/dispatch/couriers', {
    body: { name: 'Ana', available: true },
  })
  const store = caller(app, await app.token('store', storeId))
  const courier = caller(app, await app.token('courier', String(person['id'])))
  const { body: order } = await store.post('/v1/dispatch/orders', {
    body: {
      deliveryAddress: '2 Long Lane',
      recipientName: 'Rosa',
      phone: '+44 20 7946 0000',
      boxesCount: 2,
    },
  })
  const orderId = Number(order['id'])
  const { body: claimed } = await courier.post(`/v1/dispatch/orders/${orderId}/claim`)
  for (const step of ['accept', 'pickup'])
    await courier.post(`/v1/dispatch/orders/${orderId}/${step}`, { body: { fence: claimed['fence'] } })
  return orderId
}
