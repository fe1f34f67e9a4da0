import { beforeEach, expect, it } from 'vitest'
import { givenCourier, givenOrder, givenStore } from '../../dispatch/support/given.ts'
import { deposit, serverOf } from '../../ledger/support/http.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { startReceiver } from '../../webhooks/support/receiver.ts'
import { receiveAlerts, webhookBindings } from '../support/alert-receiver.ts'

const receiver = await startReceiver()
const unlimited = { limit: 1_000_000, period: 60 } as const
const app = await freshWorker({
  bindings: {
    ...webhookBindings(receiver),
    // So that a few hundred requests outweigh those that fail.
    ALERT_LIMITS: JSON.stringify({ http_5xx: { raise: 10, clear: 9 } }),
  },
  rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited },
})
const { admin } = app.database
const receivedOf = await receiveAlerts(app, receiver)
const end = ['alert.fired', 'alert.resolved']
const authorization = `Bearer ${await app.token('admin', 'ops')}`

type Alert = { state: string; value: number | null; labels: object; evidence: Record<string, unknown>[] }

const run = async (job: string) => {
  const response = await app.fetch(`/v1/ops/jobs/${job}/run`, { method: 'POST', headers: { authorization } })
  expect(await response.json()).toMatchObject({ ran: true })
}
const alertsOf = async (rule: string, state: string) => {
  const response = await app.fetch(`/v1/ops/alerts?rule=${rule}&state=${state}`, {
    headers: { authorization },
  })
  const { data }: { data: Alert[] } = JSON.parse(await response.text())
  return data
}

beforeEach(async () => {
  await admin.query('truncate core.alerts, core.outbox, core.alert_values')
})

type Cause = { rule: string; cause: string[]; cure: string[]; evidence?: object }

const causes: Cause[] = [
  {
    rule: 'job_missed',
    cause: [`insert into core.job_slots (job, slot) values ('core-partitions', now() - interval '3 hours')`],
    cure: [`insert into core.job_slots (job, slot) values ('core-partitions', now())`],
  },
  {
    rule: 'job_failing',
    cause: [
      `insert into core.job_runs (job, slot, trigger, started_at, finished_at, outcome)
      select 'core-partitions', now() - n * interval '1 minute', 'cron', now(), now(), 'failed' from generate_series(1, 3) n`,
    ],
    cure: [
      `insert into core.job_runs (job, slot, trigger, started_at, finished_at, outcome)
      values ('core-partitions', now(), 'cron', now(), now(), 'ok')`,
    ],
    evidence: { run: expect.any(Number) },
  },
  {
    rule: 'job_stuck',
    cause: [
      `insert into core.job_runs (job, trigger, started_at) values ('core-webhooks', 'cron', now())`,
      `insert into core.leases (name, owner, fence, expires_at) values ('core-webhooks', 'x', 1, now() - interval '5 minutes')
      on conflict (name) do update set expires_at = excluded.expires_at`,
      // It must have lasted a minute.
      `insert into core.alerts (rule, labels, state, severity, since, seen_at) values
      ('job_stuck', '{"job": "core-webhooks"}', 'pending', 'warning', now() - interval '2 minutes', now())`,
    ],
    cure: [`update core.job_runs set outcome = 'failed', finished_at = now() where outcome = 'running'`],
  },
  {
    rule: 'view_stale',
    cause: [
      `insert into core.view_refreshes (view, started_at, confirmed_at, duration_ms, rows)
      values ('space.mv_osdr_stats', now() - interval '9 hours', now() - interval '9 hours', 1, 1)`,
    ],
    cure: [`update core.view_refreshes set confirmed_at = now()`],
    evidence: { ageSeconds: expect.any(Number) },
  },
  {
    rule: 'view_recount',
    cause: [
      'select core.refresh_view($$space.mv_osdr_by_year$$)',
      `set session_replication_role = replica;
      insert into space.osdr_items (dataset_id, title, release_date, assay_types, raw, content_hash)
      values ('uncounted', 'x', '2001-01-01', '[]', '{}', 'x');
      set session_replication_role = origin`,
      `update core.view_refreshes set started_at = started_at - interval '25 hours', confirmed_at = confirmed_at - interval '25 hours'`,
      'select core.refresh_view($$space.mv_osdr_by_year$$)',
    ],
    cure: [
      `update core.view_refreshes set started_at = started_at - interval '25 hours', confirmed_at = confirmed_at - interval '25 hours'`,
      `update core.view_recounts set recounted_at = recounted_at - interval '25 hours'`,
      'select core.refresh_view($$space.mv_osdr_by_year$$)',
    ],
    evidence: { rows: 1 },
  },
  {
    rule: 'dead_messages',
    cause: [
      `insert into core.dead_messages (stream, message, body, reason, attempts) values ('clicks', 'm', '{}', 'malformed', 3)`,
    ],
    cure: ['update core.dead_messages set replayed_at = now()'],
    evidence: { reason: 'malformed', attempts: 3 },
  },
  {
    rule: 'deliveries_dead',
    cause: [
      `insert into webhooks.webhooks (owner, slot, url, events, secret) values ('admin', 9, 'https://example.com/', '{test.done}', 'x')`,
      `insert into webhooks.webhook_deliveries (webhook_id, event_id, subject, type, body, state, reason, give_up_at, finished_at)
      select id, 'evt', 's', 'test.done', '{}', 'dead', 'answered 410', now(), now() from webhooks.webhooks where slot = 9`,
    ],
    cure: ['update webhooks.webhooks set removed_at = now() where slot = 9'],
    evidence: { reason: 'answered 410' },
  },
  {
    rule: 'postbacks_parked',
    cause: [
      `insert into clicks.traffic_sources (owner, slug, name, secret) values ('admin', 'net', 'net', 'x')`,
      `insert into clicks.orphan_postbacks (owner, traffic_source_id, click_id, type, status, received_at)
      select 'admin', id, uuidv7(), 'lead', 'approved', now() - interval '30 hours' from clicks.traffic_sources`,
    ],
    cure: [`update clicks.orphan_postbacks set state = 'expired', decided_at = now()`],
  },
  {
    rule: 'clicks_missing',
    cause: [
      `insert into core.ingest_minutes (stream, minute, missing) values ('clicks', date_trunc('minute', now()), 3)`,
    ],
    cure: ['delete from core.ingest_minutes'],
  },
  {
    rule: 'telemetry_unaccounted',
    cause: [
      `insert into core.ingest_minutes (stream, minute, missing) values ('telemetry', date_trunc('minute', now()), 3)`,
    ],
    cure: ['delete from core.ingest_minutes'],
  },
  {
    rule: 'cycle_failures',
    cause: [
      `select core.make_partitions('fleet.cycles', array[now()])`,
      `insert into fleet.cycles (shard, slot, zones, success, failed) values (0, now(), 100, 80, 20)`,
    ],
    cure: ['delete from fleet.cycles'],
    evidence: { zones: 100, failed: 20 },
  },
  {
    rule: 'greenhouse_alerts',
    cause: [
      `insert into fleet.alerts (kind, subject, since, raised_at) values ('queue_full', 'queue:telemetry', now(), now())`,
    ],
    cure: ['update fleet.alerts set acked_at = now()'],
    evidence: { subject: 'queue:telemetry' },
  },
  {
    rule: 'position_old',
    cause: [
      `select core.make_partitions('space.iss_fetch_log', array[now() - interval '1 hour'])`,
      `insert into space.iss_fetch_log (norad_id, ts, latitude, longitude, source, computed)
      values (25544, now() - interval '1 hour', 0, 0, 'wheretheiss', false)`,
    ],
    cure: ['delete from space.iss_fetch_log'],
  },
]

it.each(causes)(
  '$rule fires for a real cause, shows its rows, is resolved with it, and a webhook receives both',
  async (given) => {
    const { rule, cause, cure, evidence = {} } = given
    for (const statement of cause) await admin.query(statement)
    await run('ops-alerts')
    const [alert] = await alertsOf(rule, 'firing')
    expect(alert).toBeDefined()
    expect(alert?.evidence[0] ?? {}).toMatchObject(evidence)
    for (const statement of cure) await admin.query(statement)
    await run('ops-alerts')
    expect(await alertsOf(rule, 'open')).toEqual([])
    expect(await receivedOf(rule)).toEqual(end)
  },
)

it('outbox_lag fires for an event that the delivery run has not read, until it has', async () => {
  await admin.query(`insert into core.outbox (topic, subject, type, data, created_at)
    values ('test', 's', 'test.done', '{}', now() - interval '5 minutes')`)
  await run('ops-alerts')
  expect(await alertsOf('outbox_lag', 'firing')).toMatchObject([
    { labels: { reader: 'webhooks:outbox' }, evidence: [{ depth: expect.any(Number) }] },
  ])
  const open = async () => {
    await run('core-webhooks')
    await run('ops-alerts')
    return alertsOf('outbox_lag', 'open')
  }
  await expect.poll(open, soon).toEqual([])
  expect(await receivedOf('outbox_lag')).toEqual(end)
})

it('blocked fires while a session waits, and names who blocks it', async () => {
  const [holder, waiter] = [await app.database.connect(), await app.database.connect()]
  await admin.query('create table if not exists public.things (id int primary key)')
  await admin.query('insert into public.things values (1) on conflict do nothing')
  await holder.query('begin')
  await holder.query('update public.things set id = 1')
  const waiting = waiter.query('update public.things set id = 1')
  const firing = async () => {
    await run('ops-alerts')
    return alertsOf('blocked', 'firing')
  }
  await expect.poll(firing, { ...soon, interval: 1_000 }).toHaveLength(1)
  const [alert] = await alertsOf('blocked', 'firing')
  expect(alert?.evidence).toMatchObject([
    { blockedBy: [expect.any(Number)], waitSeconds: expect.any(Number) },
  ])
  await holder.query('commit')
  await waiting
  await run('ops-alerts')
  expect(await alertsOf('blocked', 'open')).toEqual([])
  expect(await receivedOf('blocked')).toEqual(end)
})

it('leases_overdue fires for orders that are not given back', async () => {
  const [storeId, courierId] = [await givenStore(admin), await givenCourier(admin)]
  const orderId = await givenOrder(admin, { storeId, courierId, status: 'assigned', expired: true })
  await admin.query(`update dispatch.orders set lease_expires_at = now() - interval '10 minutes'`)
  await run('ops-alerts')
  expect(await alertsOf('leases_overdue', 'firing')).toMatchObject([{ evidence: [{ order: orderId }] }])
  await run('dispatch-lease-expiry')
  await run('ops-alerts')
  expect(await alertsOf('leases_overdue', 'open')).toEqual([])
  expect(await receivedOf('leases_overdue')).toEqual(end)
})

it('ledger_drift and view_drift fire for a changed balance, without the amount or the user', async () => {
  await deposit(await serverOf(app, 7), 47_110_047_110, 'u-canary')
  await admin.query('update ledger.user_balances_view set balance_minor = balance_minor + 7')
  await run('ledger-invariants')
  await run('ops-alerts')
  const [alert] = await alertsOf('ledger_drift', 'firing')
  expect(alert).toMatchObject({ labels: { tenant: 7 }, evidence: [{ kind: 'balance' }] })
  const [drift] = await alertsOf('view_drift', 'firing')
  const view = 'ledger.user_balances_view'
  expect(drift).toMatchObject({ labels: { view }, value: 1, evidence: [{ rows: 1 }] })
  const views = await app.fetch('/v1/ops/views', { headers: { authorization } })
  const { data }: { data: { name: string }[] } = JSON.parse(await views.text())
  expect(data.find(({ name }) => name === view)).toMatchObject({
    kind: 'incremental',
    driftKeys: 1,
    verifiedAt: expect.any(String),
  })
  const { rows } = await admin.query('select data::text from core.outbox where type like $1', ['alert.%'])
  // The amount is longer than the digits of a time.
  expect(JSON.stringify([alert, drift, data, rows])).not.toMatch(/471100471|canary/)
  await admin.query(
    `insert into ledger.alerts (tenant_id, kind, subject, evidence) select 8, 'balance', n::text, '{}' from generate_series(1, 1500) n`,
  )
  await run('ops-alerts')
  const firing = await alertsOf('ledger_drift', 'firing')
  expect(firing.map(({ labels, value }) => [labels, value])).toEqual(
    expect.arrayContaining([
      [{ tenant: 7 }, 1],
      [{ tenant: 8 }, 1_500],
    ]),
  )
  await admin.query('update ledger.alerts set resolved_at = now()')
  await run('ops-alerts')
  expect(await alertsOf('ledger_drift', 'open')).toEqual([])
  expect(await alertsOf('view_drift', 'open')).toEqual([])
  for (const tenant of [7, 8]) expect(await receivedOf('ledger_drift', { tenant })).toEqual(end)
  expect(await receivedOf('view_drift')).toEqual(end)
  expect(JSON.stringify(receiver.at('/alerts'))).not.toMatch(/471100471|canary/)
})

it('http_5xx fires for failing requests, as all isolates count them, until others outweigh them', async () => {
  await admin.query('alter table dispatch.stores rename to elsewhere')
  const get = () => app.fetch('/v1/dispatch/stores/1', { headers: { authorization } })
  for (let request = 0; request < 60; request += 1) expect((await get()).status).toBe(500)
  await admin.query('alter table dispatch.elsewhere rename to stores')
  const firing = async () => {
    await run('ops-alerts')
    return alertsOf('http_5xx', 'firing')
  }
  await expect.poll(firing, { ...soon, interval: 1_000 }).toHaveLength(1)
  const after = async () => {
    for (let request = 0; request < 100; request += 1) expect((await get()).status).toBeLessThan(500)
    return firing()
  }
  await expect.poll(after, { timeout: 100_000, interval: 1_000 }).toEqual([])
  expect(await receivedOf('http_5xx')).toEqual(end)
}, 120_000)
