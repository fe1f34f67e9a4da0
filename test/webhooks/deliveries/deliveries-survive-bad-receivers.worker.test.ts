import { describe, expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { type Manner, startReceiver, verify } from '../support/receiver.ts'
import { anotherOrder, caller, orderToPickup, passPauses, runWebhooks } from '../support/subscriber.ts'

const receiver = await startReceiver()
const app = await freshWorker({
  bindings: {
    WEBHOOK_ALLOW: receiver.origin,
    WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks',
    WEBHOOK_LINGER_SECONDS: '0',
  },
})
const admin = caller(app, await app.token('admin', 'root'))
const { storeId } = await orderToPickup(app)
const store = caller(app, await app.token('store', storeId))

async function subscribe(path: string, events = ['order.*']): Promise<{ id: number; secret: string }> {
  const { status, body } = await store.post('/v1/webhooks', { body: { url: receiver.origin + path, events } })
  expect(status).toBe(201)
  return { id: Number(body['id']), secret: String(body['secret']) }
}

async function deliveriesOf(id: number, state = ''): Promise<Record<string, unknown>[]> {
  const { body } = await store.get(`/v1/webhooks/${id}/deliveries${state && `?state=${state}`}`)
  return body['data'] as Record<string, unknown>[]
}

describe('a webhook', () => {
  it('receives each step of an order, signed, with the order as its store may see it', async () => {
    const { id, secret } = await subscribe('/steps')
    const orderId = await anotherOrder(app, storeId)
    await runWebhooks(app)
    const received = receiver.at('/steps')
    expect(received.map((one) => JSON.parse(one.body).type)).toEqual([
      'order.created',
      'order.claimed',
      'order.accepted',
      'order.picked_up',
    ])
    for (const one of received)
      expect(verify(secret, one)).toMatchObject({
        data: { orderId, order: { storeId, recipientName: 'Rosa' } },
      })
    expect(new Set(received.map((one) => one.id)).size).toBe(4)
    expect(await deliveriesOf(id, 'delivered')).toHaveLength(4)
    await store.delete(`/v1/webhooks/${id}`)
  })

  const misbehaviours: Record<string, Manner[]> = {
    'fails three times': [{ status: 500 }, { status: 503 }, { status: 400 }],
    'requires a pause': [{ status: 429, headers: { 'retry-after': '7' } }],
    redirects: [{ status: 302, headers: { location: 'http://127.0.0.1:1/' } }, { status: 308 }],
    'breaks the connection': ['reset', 'reset'],
    'sends a body without end': ['flood'],
  }

  it.each(Object.entries(misbehaviours))(
    'reaches a receiver that %s, under one id and with one body',
    async (misbehaviour, manners) => {
      const path = `/${misbehaviour.replaceAll(' ', '-')}`
      const { id, secret } = await subscribe(path, ['order.created'])
      receiver.script(path, ...manners)
      await anotherOrder(app, storeId)
      for (let attempt = 0; attempt <= manners.length; attempt++) {
        await runWebhooks(app)
        await passPauses(app)
      }
      const [delivery] = await deliveriesOf(id)
      expect(delivery).toMatchObject({ state: 'delivered', type: 'order.created' })
      const received = receiver.at(path)
      expect(received).toHaveLength(manners.filter((manner) => manner !== 'flood').length + 1)
      expect(new Set(received.map((one) => one.id))).toEqual(new Set([delivery?.['eventId']]))
      const whole = received.filter((one) => one.manner !== 'reset')
      expect(new Set(whole.map((one) => one.body)).size).toBe(1)
      for (const one of whole) verify(secret, one)
      await store.delete(`/v1/webhooks/${id}`)
    },
  )

  it('ends an attempt at its time limit when the receiver hangs, and attempts again', async () => {
    const { id } = await subscribe('/hangs', ['order.created'])
    receiver.script('/hangs', 'hang')
    await anotherOrder(app, storeId)
    await runWebhooks(app)
    const [hung] = await deliveriesOf(id)
    expect(hung).toMatchObject({
      state: 'waiting',
      attempts: [{ number: 1, outcome: 'timeout', status: null }],
    })
    await passPauses(app)
    await runWebhooks(app)
    expect(await deliveriesOf(id)).toMatchObject([
      { state: 'delivered', attempts: [{}, { outcome: 'delivered' }] },
    ])
    await store.delete(`/v1/webhooks/${id}`)
  })

  it('waits as long as Retry-After requires, and longer after each failure', async () => {
    const { id } = await subscribe('/patience', ['order.created'])
    receiver.script(
      '/patience',
      { status: 429, headers: { 'retry-after': '3600' } },
      { status: 500 },
      { status: 500 },
    )
    await anotherOrder(app, storeId)
    const waits: number[] = []
    for (let attempt = 0; attempt < 3; attempt++) {
      await runWebhooks(app)
      const { rows } = await app.database.admin.query(
        `select extract(epoch from d.due_at - (
          select max(started_at) from webhooks.webhook_attempts where delivery_id = d.id
        )) as wait
        from webhooks.webhook_deliveries d where webhook_id = $1`,
        [id],
      )
      waits.push(Number(rows[0].wait))
      await passPauses(app)
    }
    const [required = 0, second = 0, third = 0] = waits
    expect(required).toBeGreaterThanOrEqual(3_600)
    expect(second).toBeGreaterThanOrEqual(16)
    expect(third).toBeGreaterThanOrEqual(64)
    expect(third).toBeLessThan(required)
    await store.delete(`/v1/webhooks/${id}`)
  })

  it('keeps the order of a subject while its first event fails, and delays no other subject', async () => {
    const { id } = await subscribe('/order')
    receiver.script('/order', { status: 500 })
    const first = await anotherOrder(app, storeId)
    await runWebhooks(app)
    // A busy machine takes longer for the second order than the pause of the failed event.
    await app.database.admin.query(
      `update webhooks.webhook_deliveries set due_at = now() + interval '1 hour' where webhook_id = $1`,
      [id],
    )
    const second = await anotherOrder(app, storeId)
    await runWebhooks(app)
    const subjects = () => receiver.accepted('/order').map((one) => JSON.parse(one.body).data.orderId)
    expect(subjects()).toEqual([second, second, second, second])
    await passPauses(app)
    await runWebhooks(app)
    expect(subjects().slice(4)).toEqual([first, first, first, first])
    const types = receiver.accepted('/order').map((one) => JSON.parse(one.body).type)
    expect(types.slice(4)).toEqual(['order.created', 'order.claimed', 'order.accepted', 'order.picked_up'])
    await store.delete(`/v1/webhooks/${id}`)
  })

  it('whose receiver answers 410 is disabled, and its pending deliveries are dead with the reason until they are replayed', async () => {
    const { id } = await subscribe('/gone')
    receiver.script('/gone', { status: 410 })
    await anotherOrder(app, storeId)
    await runWebhooks(app)
    const dead = await deliveriesOf(id, 'dead')
    expect(dead.map((one) => one['reason'])).toEqual([
      'gone (410), not tried',
      'gone (410), not tried',
      'gone (410), not tried',
      'gone (410)',
    ])
    const { body: disabled } = await store.get(`/v1/webhooks/${id}`)
    expect(disabled).toMatchObject({ enabled: false, disabledFor: 'the receiver answered 410 Gone' })
    await anotherOrder(app, storeId)
    await runWebhooks(app)
    expect(receiver.at('/gone')).toHaveLength(1)
    await store.patch(`/v1/webhooks/${id}`, { body: { enabled: true }, ifMatch: Number(disabled['version']) })
    const replayed = await store.post(`/v1/webhooks/${id}/replay`, {
      body: {
        from: dead.at(-1)?.['eventId'],
        only: 'dead',
      },
    })
    expect(replayed.body).toEqual({ requeued: 4, next: null })
    await runWebhooks(app)
    expect(receiver.accepted('/gone').map((one) => one.id)).toEqual(
      dead.map((one) => one['eventId']).toReversed(),
    )
    await store.delete(`/v1/webhooks/${id}`)
  })

  it('whose receiver fails for three days has dead deliveries, each with the reason', async () => {
    const { id } = await subscribe('/down')
    receiver.script('/down', ...Array.from({ length: 9 }, () => ({ status: 500 })))
    await anotherOrder(app, storeId)
    await runWebhooks(app)
    await app.database.admin.query(
      `update webhooks.webhook_deliveries set give_up_at = now() + interval '1 second' where webhook_id = $1`,
      [id],
    )
    for (let round = 0; round < 6; round++) {
      await passPauses(app)
      await runWebhooks(app)
    }
    const dead = await deliveriesOf(id, 'dead')
    expect(dead).toHaveLength(4)
    for (const { reason } of dead)
      expect(reason).toMatch(/^refused \(500\), after \d attempts$|^not delivered within three days$/)
    await store.delete(`/v1/webhooks/${id}`)
  })

  it('returns the outcome of a test event at once', async () => {
    const { id, secret } = await subscribe('/tested')
    const { body } = await store.post(`/v1/webhooks/${id}/test`)
    expect(body).toMatchObject({ type: 'webhook.test', state: 'delivered', attempts: [{ status: 200 }] })
    const [only] = receiver.at('/tested')
    if (only) verify(secret, only)
    expect(only?.body).toBe(body['body'])
    await store.delete(`/v1/webhooks/${id}`)
  })

  it('signs with the old and the new secret until the overlap of a rotation ends', async () => {
    const { id, secret: old } = await subscribe('/rotated')
    const { body } = await store.post(`/v1/webhooks/${id}/rotate`, { body: { overlapHours: 1 } })
    const fresh = String(body['secret'])
    expect(fresh).not.toBe(old)
    await store.post(`/v1/webhooks/${id}/test`)
    await app.database.admin.query(`update webhooks.webhooks set old_secret_until = now() where id = $1`, [
      id,
    ])
    await store.post(`/v1/webhooks/${id}/test`)
    const [both, alone] = receiver.at('/rotated')
    if (!both || !alone) throw new Error('two were sent')
    for (const secret of [old, fresh]) verify(secret, both)
    verify(fresh, alone)
    expect(() => verify(old, alone)).toThrow('No matching signature found')
    await store.delete(`/v1/webhooks/${id}`)
  })

  it('receives order.delivered only when the delivery can no longer be undone', async () => {
    const { id } = await subscribe('/final', ['order.delivered'])
    const orderId = await anotherOrder(app, storeId)
    const { body: order } = await admin.get(`/v1/dispatch/orders/${orderId}`)
    const courier = caller(app, await app.token('courier', String(order['courierId'])))
    const held = { fence: order['fence'] }
    await courier.post(`/v1/dispatch/orders/${orderId}/deliver`, { body: held })
    await courier.post(`/v1/dispatch/orders/${orderId}/undo`, { body: held })
    await courier.post(`/v1/dispatch/orders/${orderId}/deliver`, { body: held })
    await runWebhooks(app)
    expect(receiver.at('/final')).toEqual([])
    await app.database.admin.query(
      `update dispatch.orders set delivered_at = now() - interval '6 minutes' where id = $1`,
      [orderId],
    )
    await runWebhooks(app)
    await runWebhooks(app)
    expect(receiver.at('/final').map((one) => JSON.parse(one.body))).toMatchObject([
      { type: 'order.delivered', data: { orderId, order: { status: 'delivered' } } },
    ])
    await store.delete(`/v1/webhooks/${id}`)
  })
})
