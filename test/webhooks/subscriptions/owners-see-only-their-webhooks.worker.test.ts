import { describe, expect, it } from 'vitest'
import type { Caller } from '../../support/caller.ts'
import { freshWorker } from '../../support/worker.ts'
import { startReceiver } from '../support/receiver.ts'
import { anotherOrder, caller, orderToPickup, runWebhooks } from '../support/subscriber.ts'

const receiver = await startReceiver()
const lines: string[] = []
const app = await freshWorker({
  bindings: {
    WEBHOOK_ALLOW: receiver.origin,
    WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks',
    WEBHOOK_LINGER_SECONDS: '0',
  },
  onLog: (line) => lines.push(line),
})
const pool = app.database.admin
const one = (await orderToPickup(app)).storeId
const other = (await orderToPickup(app)).storeId
const asOne = caller(app, await app.token('store', one))
const asOther = caller(app, await app.token('store', other))
const asAdmin = caller(app, await app.token('admin', 'root'))
const asTenant = caller(app, await app.token('tenant', 'server', 10_001))

const webhook = (path: string, events = ['*']) => ({ url: receiver.origin + path, events })

describe('webhooks', () => {
  it('receive only the events that their owner may see', async () => {
    await asOne.post('/v1/webhooks', { body: webhook('/one') })
    await asOther.post('/v1/webhooks', { body: webhook('/other') })
    await asAdmin.post('/v1/webhooks', { body: webhook('/admin', ['order.created']) })
    await asTenant.post('/v1/webhooks', { body: webhook('/tenant') })
    const ofOne = await anotherOrder(app, one)
    const ofOther = await anotherOrder(app, other)
    await pool.query(
      `insert into core.outbox (topic, audience, subject, type, data) values
        ('ledger', 'tenant:10001', 'bet:1', 'bet.settled', '{"bet": 1}'),
        ('ledger', 'tenant:10002', 'bet:2', 'bet.settled', '{"bet": 2}'),
        ('dispatch', 'module:any', 'order:1', 'order.delivered', '{}')`,
    )
    await runWebhooks(app)
    const orders = (path: string) =>
      new Set(receiver.at(path).map(({ body }) => JSON.parse(body).data.orderId))
    expect(orders('/one')).toEqual(new Set([ofOne]))
    expect(orders('/other')).toEqual(new Set([ofOther]))
    expect(orders('/admin')).toEqual(new Set([ofOne, ofOther]))
    expect(receiver.at('/admin')).toHaveLength(2)
    expect(receiver.at('/tenant').map(({ body }) => JSON.parse(body).data)).toEqual([{ bet: 1 }])
  })

  it('show failures, also to a caller who knows the version', async () => {
    const { body } = await asOne.post('/v1/webhooks', { body: webhook('/failing') })
    await pool.query('update webhooks.webhooks set failures = 3, failing_since = now() where id = $1', [
      body['id'],
    ])
    const path = `/v1/webhooks/${String(body['id'])}`
    const read = await asOne.get(path, { ifNoneMatch: '"1"' })
    expect(read).toMatchObject({ status: 200, body: { failures: 3, version: 1 } })
  })

  it('are not found by another owner in any call', async () => {
    const { body } = await asOne.post('/v1/webhooks', { body: webhook('/mine') })
    const path = `/v1/webhooks/${String(body['id'])}`
    const tested = await asOne.post(`${path}/test`)
    const delivery = `${path}/deliveries/${String(tested.body['id'])}`
    const calls: [keyof Caller, string, object?][] = [
      ['get', path],
      ['patch', path, { enabled: false }],
      ['delete', path],
      ['post', `${path}/rotate`, {}],
      ['post', `${path}/test`],
      ['get', `${path}/deliveries`],
      ['get', delivery],
      ['post', `${path}/replay`, { from: tested.body['eventId'] }],
    ]
    for (const [method, url, sent] of calls)
      expect([url, (await asOther[method](url, { body: sent, ifMatch: 1 })).status]).toEqual([url, 404])
    expect((await asOther.get('/v1/webhooks')).body['data']).toHaveLength(1)
    expect((await asOne.get(path)).body).toMatchObject({ enabled: true, version: 1 })
    expect((await asOne.get(delivery)).status).toBe(200)
    const courier = caller(app, await app.token('courier', 1))
    expect((await courier.get('/v1/webhooks')).status).toBe(403)
  })

  it('show their secret once; tables, later answers and logs do not contain it', async () => {
    const key = 'the-same-twice'
    const first = await asOne.post('/v1/webhooks', { body: webhook('/secret'), key })
    const again = await asOne.post('/v1/webhooks', { body: webhook('/secret'), key })
    const secret = String(first.body['secret'])
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    const path = `/v1/webhooks/${String(first.body['id'])}`
    await asOne.post(`${path}/test`)
    for (const shown of [await asOne.get(path), await asOne.get('/v1/webhooks')])
      expect(JSON.stringify(shown.body)).not.toContain(secret)
    const bare = secret.slice('whsec_'.length)
    const { rows } = await pool.query(
      `select w::text as row from webhooks.webhooks w
      union all select d::text from webhooks.webhook_deliveries d
      union all select k::text from core.idempotency_keys k`,
    )
    expect(rows.filter(({ row }) => row.includes(bare))).toEqual([])
    expect(lines.filter((line) => line.includes(bare))).toEqual([])
  })

  it('are at most twenty for one owner, also when thirty requests create them at once', async () => {
    const token = await app.token('store', 987)
    const asNew = caller(app, token)
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => asNew.post('/v1/webhooks', { body: webhook('/many') })),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status >= 500 && status !== 503)).toEqual([])
    const { body } = await asNew.get('/v1/webhooks')
    const kept = body['data'] as unknown[]
    expect(kept).toHaveLength(statuses.filter((status) => status === 201).length)
    expect(kept.length).toBeLessThanOrEqual(20)
    for (let more = kept.length; more < 20; more++)
      await asNew.post('/v1/webhooks', { body: webhook('/many') })
    expect(await asNew.post('/v1/webhooks', { body: webhook('/many') })).toMatchObject({
      status: 409,
      body: { code: 'too_many_webhooks', limit: 20 },
    })
  })

  it('list their deliveries page by page, and replay from any of them', async () => {
    const { body } = await asOther.post('/v1/webhooks', { body: webhook('/paged', ['webhook.test']) })
    const path = `/v1/webhooks/${String(body['id'])}`
    const ids: unknown[] = []
    for (let nth = 0; nth < 5; nth++) ids.push((await asOther.post(`${path}/test`)).body['eventId'])
    const seen: unknown[] = []
    let cursor = ''
    for (;;) {
      const { body: answer } = await asOther.get(`${path}/deliveries?limit=2${cursor}`)
      const page = answer as { data: { eventId: string }[]; nextCursor: string | null }
      seen.push(...page.data.map(({ eventId }) => eventId))
      if (page.nextCursor === null) break
      cursor = `&cursor=${page.nextCursor}`
    }
    expect(seen).toEqual(ids.toReversed())
    const sent = () => receiver.at('/paged').map(({ id }) => id)
    const replayed = await asOther.post(`${path}/replay`, { body: { from: ids[1], to: ids[3] } })
    expect(replayed.body).toEqual({ requeued: 3, next: null })
    await runWebhooks(app)
    // Their subjects differ, so they are sent at the same time.
    expect(new Set(sent().slice(5))).toEqual(new Set(ids.slice(1, 4)))
    expect(sent()).toHaveLength(8)
    expect(await asOther.post(`${path}/replay`, { body: { from: 'evt_never' } })).toMatchObject({
      status: 404,
    })
    expect(await asOther.post(`${path}/replay`, { body: { from: ids[3], to: ids[1] } })).toMatchObject({
      status: 422,
      body: { code: 'unprocessable', detail: '`to` comes before `from`' },
    })
  })

  it('refuse a test event while they are disabled', async () => {
    const { body } = await asOther.post('/v1/webhooks', { body: webhook('/off', ['webhook.test']) })
    const path = `/v1/webhooks/${String(body['id'])}`
    await asOther.patch(path, { body: { enabled: false }, ifMatch: Number(body['version']) })
    expect(await asOther.post(`${path}/test`)).toMatchObject({
      status: 409,
      body: { code: 'conflict', detail: 'A disabled webhook sends nothing: enable it first' },
    })
    expect((await asOther.get(`${path}/deliveries`)).body['data']).toEqual([])
  })
})
