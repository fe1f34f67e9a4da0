import { beforeEach, expect, it, vi } from 'vitest'
import { campaignOf, caller as clicksCaller, idOf } from '../../clicks/support/http.ts'
import { visit } from '../../clicks/support/visiting.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { startReceiver } from '../../webhooks/support/receiver.ts'
import { receiveAlerts, webhookBindings } from '../support/alert-receiver.ts'

const receiver = await startReceiver()
const unlimited = { limit: 1_000_000, period: 60 } as const
/** The limits that an operator may set, so that small causes are enough. */
const limits = {
  // Above all that a busy machine takes by itself.
  db_p95: { raise: 2_000, clear: 1_500, critical: 9_000, pendingFor: 0 },
  over_budget: { raise: 40, clear: 30, pendingFor: 0 },
  gather_silent: { raise: 1.8, clear: 1.7 },
  // One call of two may fail, and a call that waits for its time limit takes a second.
  upstream_errors: { raise: 60, clear: 55, pendingFor: 0 },
  upstream_slow: { raise: 800, clear: 700, pendingFor: 0 },
  cache_hits: { pendingFor: 0 },
  clicks_backlog: { pendingFor: 0, clearFor: 0 },
  postbacks_expired: { raise: 40, clear: 40 },
}
const app = await freshWorker({
  bindings: {
    ...webhookBindings(receiver),
    ALERT_LIMITS: JSON.stringify(limits),
    POSTBACK_ALLOW: receiver.origin,
  },
  rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited },
})
const { admin } = app.database
const receivedOf = await receiveAlerts(app, receiver)
const headers = { authorization: `Bearer ${await app.token('admin', 'ops')}` }

const runs = async (job: string, count = 1) => {
  for (let n = 0; n < count; n += 1) {
    const response = await app.fetch(`/v1/ops/jobs/${job}/run`, { method: 'POST', headers })
    expect(response.status).toBe(200)
    await response.text()
  }
}

type Alert = { labels: Record<string, unknown>; severity: string }

/** The firing alerts of a rule, after an evaluation. */
const firing = (rule: string) => async () => {
  await runs('ops-alerts')
  const response = await app.fetch(`/v1/ops/alerts?rule=${rule}&state=firing`, { headers })
  const { data }: { data: Alert[] } = JSON.parse(await response.text())
  return data
}
/** Whole seconds apart, because isolates report once a second. */
const reported = { ...soon, interval: 1_000 }
/** Until hundreds of requests, one after the other, outweigh those of the cause. */
const outweighed = { timeout: 100_000, interval: 1_000 }
vi.setConfig({ testTimeout: 240_000 })
const end = ['alert.fired', 'alert.resolved']

beforeEach(async () => {
  app.faults.clear()
  await admin.query('truncate core.alerts, core.outbox, core.alert_values')
})

it('the limits of the setting are in force', async () => {
  const response = await app.fetch('/v1/ops/rules', { headers })
  const { data }: { data: { name: string; raise: number; pendingFor: number }[] } = JSON.parse(
    await response.text(),
  )
  expect(data.find(({ name }) => name === 'over_budget')).toMatchObject({ raise: 40, pendingFor: 0 })
  expect(data.find(({ name }) => name === 'blocked')).toMatchObject({ raise: 5, pendingFor: 0 })
})

it('db_p95 fires while one statement of ten is slow, and is resolved when few are', async () => {
  const stores = async (count: number) => {
    for (let n = 0; n < count; n += 1)
      await (await app.fetch('/v1/dispatch/stores', { headers })).arrayBuffer()
  }
  await stores(60)
  app.faults.set({ latencyMs: 3_000 })
  await Promise.all(Array.from({ length: 12 }, () => stores(1)))
  app.faults.clear()
  await expect.poll(firing('db_p95'), reported).toMatchObject([{ labels: {} }])
  const after = async () => {
    await stores(60)
    return firing('db_p95')()
  }
  await expect.poll(after, outweighed).toEqual([])
  expect(await receivedOf('db_p95')).toEqual(end)
})

it('over_budget fires for a route that asks Postgres twice, and names the route', async () => {
  // One job is one statement, the other one an interactive transaction. Both are runs of one route.
  await runs('fleet-fold', 50)
  const route = '/v1/ops/jobs/{name}/run'
  await expect.poll(firing('over_budget'), reported).toMatchObject([{ labels: { route } }])
  const after = async () => {
    await runs('dispatch-lease-expiry', 40)
    return firing('over_budget')()
  }
  await expect.poll(after, outweighed).toEqual([])
  expect(await receivedOf('over_budget')).toEqual(end)
})

it('gather_silent fires after seconds in which no isolate reports, and is resolved with the next report', async () => {
  // Only the evaluations themselves count something, and the report of one is two seconds old at the next one.
  const silent = { ...soon, interval: 3_500 }
  await expect.poll(firing('gather_silent'), silent).toMatchObject([{ labels: {} }])
  await expect.poll(firing('gather_silent'), { ...soon, interval: 300 }).toEqual([])
  expect(await receivedOf('gather_silent')).toEqual(end)
})

it('upstream_errors and upstream_slow fire for a server that does not answer, until it answers quickly', async () => {
  app.upstreams.fail('wheretheiss', 'timeout')
  await runs('iss-position')
  app.upstreams.reset()
  // On a busy machine a second server may be late as well, and nothing calls it again.
  const ofIt = async (rule: string) =>
    (await firing(rule)()).filter(({ labels }) => labels['upstream'] === 'wheretheiss')
  await expect.poll(() => ofIt('upstream_errors'), reported).toHaveLength(1)
  expect(await ofIt('upstream_slow')).toHaveLength(1)
  const after = async () => {
    await runs('iss-position', 10)
    return [...(await ofIt('upstream_errors')), ...(await ofIt('upstream_slow'))]
  }
  await expect.poll(after, outweighed).toEqual([])
  for (const rule of ['upstream_errors', 'upstream_slow'])
    expect(await receivedOf(rule, { upstream: 'wheretheiss' })).toEqual(end)
})

it('cache_hits fires while each read asks for something else, until reads ask again', async () => {
  const clicks = await clicksCaller(app)
  const campaign = idOf(await clicks.post('/campaigns', campaignOf('autumn')))
  const reads = async (count: number, day: (n: number) => number) => {
    for (let n = 0; n < count; n += 1) {
      const from = new Date(Date.UTC(2026, 0, 1 + day(n))).toISOString().slice(0, 10)
      const read = await clicks.get(`/campaigns/${campaign}/stats?from=${from}&to=2026-12-31`)
      expect(read.status).toBe(200)
    }
  }
  await reads(60, (n) => n)
  const labels = { cache: 'click_stats' }
  await expect.poll(firing('cache_hits'), reported).toMatchObject([{ labels }])
  const after = async () => {
    await reads(60, () => 0)
    return firing('cache_hits')()
  }
  await expect.poll(after, outweighed).toEqual([])
  expect(await receivedOf('cache_hits')).toEqual(end)
})

it('clicks_backlog fires while an answered click has not arrived, and is resolved when it does', async () => {
  // The second message of an isolate is here, and its running total says that the first one had three clicks.
  await admin.query(`insert into core.ingest_sources (stream, source, answered, items, messages, last_at)
    values ('clicks', '019a0000-0000-7000-8000-000000000000', 5, 2, 1, now())`)
  await admin.query(`insert into core.ingest_messages (stream, source, n, at, answered, items)
    values ('clicks', '019a0000-0000-7000-8000-000000000000', 2, now() - interval '5 minutes', 5, 2)`)
  expect(await firing('clicks_backlog')()).toMatchObject([{ labels: {} }])
  await admin.query(`insert into core.ingest_messages (stream, source, n, at, answered, items)
    values ('clicks', '019a0000-0000-7000-8000-000000000000', 1, now() - interval '5 minutes', 3, 3)`)
  await admin.query(`update core.ingest_sources set items = 5, messages = 2`)
  expect(await firing('clicks_backlog')()).toEqual([])
  expect(await receivedOf('clicks_backlog')).toEqual(end)
})

it('postbacks_expired fires for a source that refuses its postbacks, until it takes them', async () => {
  let minutes = 0
  const clicks = await clicksCaller(app)
  const source = await clicks.post('/sources', {
    slug: 'net',
    name: 'net',
    paramMap: { clickIdParam: 'gclid' },
    postbackTemplate: `${receiver.origin}/net?c={externalid}`,
  })
  await clicks.post('/campaigns', campaignOf('spring', { trafficSource: 'net' }))
  const converts = async (id: string) => {
    const { location } = await visit(app, `/c/spring?gclid=${id}`)
    const click = /cid=([0-9a-f-]{36})/.exec(location ?? '')?.[1] ?? ''
    const count = async () => (await admin.query('select from clicks.clicks where id = $1', [click])).rowCount
    await expect.poll(count, soon).toBe(1)
    const secret = source.body['postbackSecret'] as string
    expect((await app.fetch(`/postback/net?secret=${secret}&clickid=${click}&status=approved`)).status).toBe(
      200,
    )
    minutes += 1
    await app.scheduled('* * * * *', new Date(Date.now() + minutes * 60_000))
  }
  receiver.script('/net?c=a', { status: 410 })
  await converts('a')
  expect(await firing('postbacks_expired')()).toMatchObject([{ labels: { source: expect.any(Number) } }])
  await converts('b')
  await converts('c')
  expect(await firing('postbacks_expired')()).toEqual([])
  expect(await receivedOf('postbacks_expired')).toEqual(end)
})
