import { Webhook } from 'standardwebhooks'
import { expect, it } from 'vitest'
import { campaignOf, caller as clicksCaller } from '../../clicks/support/http.ts'
import { visit } from '../../clicks/support/visiting.ts'
import { givenCourier, givenOrder, givenStore } from '../../dispatch/support/given.ts'
import { bound, givenHouse, givenNode, givenZone } from '../../fleet/support/given.ts'
import { acceptedBet, deposit, serverOf } from '../../ledger/support/http.ts'
import { freshWorker } from '../../support/worker.ts'
import { startReceiver } from '../../webhooks/support/receiver.ts'
import { caller, orderToPickup } from '../../webhooks/support/subscriber.ts'

const receiver = await startReceiver()
const unlimited = { limit: 1_000_000, period: 60 } as const
const app = await freshWorker({
  bindings: { WEBHOOK_ALLOW: receiver.origin, WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks' },
  rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited },
})
const { admin } = app.database
const root = caller(app, await app.token('admin', 'root', 7))

type Entry = { at: string; lane: string; type: string; text: string | null; refs: Record<string, unknown> }
const timeline = async (path: string, as = root) => {
  const { status, body } = await as.get(`/v1/ops/timeline/${path}`)
  return { status, entries: (body['entries'] ?? []) as Entry[], body }
}
const kinds = (entries: readonly Entry[]) => entries.map(({ lane, type }) => `${lane} ${type}`)
const tick = (minutes: number) =>
  app.scheduled('* * * * *', new Date(Math.floor(Date.now() / 60_000 + minutes) * 60_000))

it('an order shows its events, the requests behind them, and each delivery with its attempts', async () => {
  receiver.script('/orders', { status: 500 }, { status: 500 })
  await root.post('/v1/webhooks', { body: { url: `${receiver.origin}/orders`, events: ['order.created'] } })
  const { storeId, orderId } = await orderToPickup(app)
  const store = caller(app, await app.token('store', storeId))
  const created = await store.post('/v1/dispatch/orders', {
    body: { deliveryAddress: '3 Long Lane', recipientName: 'Rosa', phone: '+44 20 7946 0000', boxesCount: 1 },
    key: 'k2',
    requestId: 'the-request',
  })
  const id = Number(created.body['id'])
  await tick(1)
  await admin.query(`update webhooks.webhook_deliveries set due_at = now() where state = 'waiting'`)
  await tick(2)
  const { entries } = await timeline(`order/${id}`)
  expect(new Set(kinds(entries))).toEqual(
    new Set([
      'request POST /v1/dispatch/orders',
      'event order.created',
      'outbox order.created',
      'attempt order.created',
      'delivery order.created',
    ]),
  )
  expect(entries.filter(({ lane }) => lane === 'attempt').map(({ text }) => text)).toEqual([
    expect.stringContaining('attempt 1: refused 500'),
    expect.stringContaining('attempt 2: delivered 200'),
  ])
  expect(entries.find(({ lane }) => lane === 'request')?.refs).toMatchObject({ request: 'the-request' })
  expect(entries.map(({ at }) => at)).toEqual(entries.map(({ at }) => at).toSorted())
  expect(JSON.stringify(entries)).not.toMatch(/Rosa|20 7946|Long Lane/)

  const request = await timeline('request/the-request')
  expect(kinds(request.entries)).toEqual(['request POST /v1/dispatch/orders', 'event order.created'])
  expect(request.entries[1]?.refs).toMatchObject({ order: id })

  // The order that came without a key has its events, and no request.
  const other = await timeline(`order/${orderId}`)
  expect(kinds(other.entries)).toContain('event order.picked_up')
  expect(kinds(other.entries).filter((kind) => kind.startsWith('request'))).toEqual([])
  expect(other.body['requests']).toBe('unknown')
})

it('an order that a job gave back shows the run of the job', async () => {
  const [storeId, courierId] = [await givenStore(admin), await givenCourier(admin)]
  const orderId = await givenOrder(admin, { storeId, courierId, status: 'assigned', expired: true })
  const run = await root.post('/v1/ops/jobs/dispatch-lease-expiry/run', { body: {} })
  expect(run.body).toMatchObject({ ran: true, rows: 1 })
  const { entries } = await timeline(`order/${orderId}`)
  const job = entries.find(({ lane }) => lane === 'job')
  expect(job).toMatchObject({
    type: 'dispatch-lease-expiry',
    text: 'ok, manual',
    refs: { run: expect.any(Number) },
  })
  const own = await timeline(`order/${orderId}`, caller(app, await app.token('store', storeId)))
  expect(own.entries.map(({ lane }) => lane)).not.toContain('job')
})

it('owners see the events of their own things, and nothing of others', async () => {
  const { storeId, orderId } = await orderToPickup(app)
  await admin.query(
    `insert into core.operator_actions (by, action, subject) values ('admin:root', 'order.look', $1)`,
    [`order:${orderId}`],
  )
  expect(kinds((await timeline(`order/${orderId}`)).entries)).toContain('request order.look')
  const own = await timeline(`order/${orderId}`, caller(app, await app.token('store', storeId)))
  expect(own.entries.length).toBeGreaterThanOrEqual(4)
  expect(new Set(own.entries.map(({ lane }) => lane))).toEqual(new Set(['event']))
  for (const [role, sub] of [
    ['store', storeId + 100],
    ['partner', 'p'],
    ['tenant', 't'],
  ] as const)
    expect((await timeline(`order/${orderId}`, caller(app, await app.token(role, sub, 7)))).status).toBe(404)
  expect((await timeline('request/the-request', caller(app, await app.token('store', storeId)))).status).toBe(
    404,
  )
  for (const path of ['order/0', 'order/999999', 'nothing/1', 'click/x'])
    expect((await timeline(path)).status).toBe(404)
})

it('a bet, a payment and an account show their events and postings, to their tenant only', async () => {
  const server = await serverOf(app, 7)
  // Amounts whose digits no id and no moment has.
  const paymentId = await deposit(server, 98_765_432_109)
  const betId = await acceptedBet(server, { stakeMinor: 12_345_678_901 })
  const tenant = caller(app, await app.token('tenant', 'server', 7))
  const stranger = caller(app, await app.token('tenant', 'server', 8))
  for (const path of [`bet/${betId}`, `payment/${paymentId}`, 'account/u-1:USD']) {
    const { entries } = await timeline(path, tenant)
    expect(entries.length).toBeGreaterThanOrEqual(2)
    expect(JSON.stringify(entries)).not.toMatch(/amount|98765432109|12345678901/)
    expect((await timeline(path, stranger)).status).toBe(404)
    expect((await timeline(path)).entries.length).toBeGreaterThanOrEqual(entries.length)
  }
  expect(kinds((await timeline(`bet/${betId}`)).entries)).toEqual(
    expect.arrayContaining(['event V1_BETS_BET_PLACED', 'event V1_BALANCES_BALANCE_RESERVED']),
  )
})

it('a node and a zone show bindings, and an operator’s acts', async () => {
  const house = await givenHouse(app, 7)
  const zone = await givenZone(house)
  const { uid } = await givenNode(app, house)
  await bound(house, uid, zone)
  expect(kinds((await timeline(`node/${uid}`)).entries).toSorted()).toEqual([
    'event node.joined_zone',
    'request node.registered',
  ])
  expect(kinds((await timeline(`zone/${zone}`)).entries)).toEqual(['event node.joined_zone'])
})

it('a click shows where it went', async () => {
  const clicks = await clicksCaller(app)
  const made = await clicks.post('/campaigns', campaignOf('spring'))
  expect(made.status).toBe(201)
  expect((await visit(app, '/c/spring')).status).toBe(302)
  const found = async () =>
    (await admin.query('select id from clicks.clicks limit 1')).rows as { id: string }[]
  await expect.poll(found, { timeout: 30_000 }).toHaveLength(1)
  const [click] = await found()
  const { entries } = await timeline(`click/${click?.id}`)
  expect(kinds(entries)).toEqual(['request click.click'])
})

it('an alert and the watchdog arrive at a webhook of the admins, signed', async () => {
  const { body } = await root.post('/v1/webhooks', {
    body: {
      url: `${receiver.origin}/alerts`,
      events: ['alert.*', 'ops.watchdog'],
    },
  })
  await admin.query(`insert into core.job_runs (job, slot, trigger, started_at, finished_at, outcome)
    select 'core-partitions', now() - n * interval '1 minute', 'cron', now(), now(), 'failed' from generate_series(1, 3) n`)
  for (const minute of [10, 11]) await tick(minute)
  await receiver.until(() => receiver.at('/alerts').length >= 2)
  const verify = new Webhook(String(body['secret']))
  const received = receiver
    .at('/alerts')
    .map((one) => verify.verify(one.body, one.headers) as { type: string; data: Record<string, unknown> })
  expect(received.map(({ type }) => type)).toEqual(expect.arrayContaining(['ops.watchdog', 'alert.fired']))
  expect(received.find(({ data }) => data['rule'] === 'job_failing')?.data).toMatchObject({
    labels: { job: 'core-partitions' },
    state: 'firing',
    value: 3,
    advice: expect.any(String),
  })
})
