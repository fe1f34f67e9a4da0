import type { TestWorker } from '../../support/worker.ts'

export type Answer = { status: number; body: Record<string, unknown>; headers: Headers }

/** Sends requests with one token. */
export function caller(app: TestWorker, token: string) {
  return async (
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const response = await app.fetch(path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const answer: unknown = text === '' ? {} : JSON.parse(text)
    return { status: response.status, body: answer as Record<string, unknown>, headers: response.headers }
  }
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
  const { body: store } = await admin('POST', '/v1/dispatch/stores', {
    name: 'Baker',
    pickupAddress: '1 Market Street',
  })
  return { storeId: Number(store['id']), orderId: await anotherOrder(app, Number(store['id'])) }
}

export async function anotherOrder(app: TestWorker, storeId: number): Promise<number> {
  const admin = caller(app, await app.token('admin', 'root'))
  const { body: person } = await admin('POST', '/v1/dispatch/couriers', { name: 'Ana', available: true })
  const store = caller(app, await app.token('store', storeId))
  const courier = caller(app, await app.token('courier', String(person['id'])))
  const { body: order } = await store('POST', '/v1/dispatch/orders', {
    deliveryAddress: '2 Long Lane',
    recipientName: 'Rosa',
    phone: '+44 20 7946 0000',
    boxesCount: 2,
  })
  const orderId = Number(order['id'])
  const { body: claimed } = await courier('POST', `/v1/dispatch/orders/${orderId}/claim`)
  for (const step of ['accept', 'pickup'])
    await courier('POST', `/v1/dispatch/orders/${orderId}/${step}`, { fence: claimed['fence'] })
  return orderId
}
