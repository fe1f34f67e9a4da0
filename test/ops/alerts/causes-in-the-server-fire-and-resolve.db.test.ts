import pg from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startNeonProxy } from '../../../dev/neon-proxy/server.ts'
import { makeContext } from '../../../functions/core/context.ts'
import { opsWatch } from '../../../functions/ops/watch.ts'
import { atTheEnd } from '../../support/at-the-end.ts'
import { bindingsOf } from '../../support/bindings.ts'
import { freshCluster, freshStandby } from '../../support/cluster.ts'
import { soon } from '../../support/soon.ts'
import { startReceiver } from '../../webhooks/support/receiver.ts'
import { receiveAlertsOf, webhookBindings } from '../support/alert-receiver.ts'
import { evaluate } from '../support/rules.ts'

// These causes belong to a whole server, so this file has one of its own: with few connections and little memory.
const primary = await freshCluster({
  max_connections: '40',
  shared_buffers: '8MB',
  wal_receiver_status_interval: '1s',
  wal_retrieve_retry_interval: '200ms',
})
const { workerUrl } = primary
const standby = await freshStandby(primary, 1)
const standbyUrl = standby.workerUrl
const proxy = await startNeonProxy({ databaseUrl: workerUrl, standbyUrls: [standbyUrl] })
atTheEnd(() => proxy.close())

const connected: pg.Client[] = []
async function connect(database = 'lockstep'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: primary.url(database) })
  client.on('error', () => undefined)
  await client.connect()
  connected.push(client)
  return client
}
const leave = () => Promise.all(connected.splice(0).map((client) => client.end()))
atTheEnd(leave)
const admin = await connect()
connected.length = 0
atTheEnd(() => admin.end())

const receiver = await startReceiver()
const contextOf = (bindings: object) =>
  makeContext({ ...bindingsOf({ workerUrl }, proxy), ...bindings }, { waitUntil: () => undefined })
const receivedOf = await receiveAlertsOf(contextOf(webhookBindings(receiver)), admin, receiver)

const rules = opsWatch([]).rules
/** The time of the evaluator. A state that must last a while is evaluated again that much later. */
const clock = { ms: Date.now() }

type Limits = { raise?: number; clear?: number; critical?: number }

/** Evaluates a rule, as the clock does, and returns the state of its alert. */
async function state(name: string, limits: Limits = {}): Promise<string> {
  const ctx = contextOf({
    DATABASE_URL_REPLICAS: standbyUrl,
    ALERT_LIMITS: JSON.stringify({ [name]: limits }),
  })
  const rule = rules.find((one) => one.name === name)
  if (rule === undefined) throw new Error(`No rule is named ${name}`)
  clock.ms += 1_000
  await evaluate(ctx, [rule], { at: new Date(clock.ms) })
  const { rows } = await admin.query('select state from core.alerts where rule = $1 and ended_at is null', [
    name,
  ])
  return rows[0]?.state ?? 'ok'
}

const pass = (seconds: number) => {
  clock.ms += seconds * 1_000
}

beforeEach(() => admin.query('truncate core.alerts, core.outbox, core.alert_values'))
afterEach(leave)

const end = ['alert.fired', 'alert.resolved']

it('connections fires while sessions take four fifths of what Postgres gives', async () => {
  expect(await state('connections')).toBe('ok')
  for (let session = 0; session < 30; session += 1) await connect()
  expect(await state('connections')).toBe('firing')
  await leave()
  const resolved = async () => {
    const now = await state('connections')
    pass(60)
    return now
  }
  await expect.poll(resolved, soon).toBe('ok')
  expect(await receivedOf('connections')).toEqual(end)
})

it('xmin_held fires while an open transaction keeps a snapshot', async () => {
  const limits = { raise: 0.2, clear: 0.15 }
  const reader = await connect()
  await reader.query('begin isolation level repeatable read; select from core.job_runs')
  await expect.poll(() => state('xmin_held', limits), soon).toBe('pending')
  pass(60)
  expect(await state('xmin_held', limits)).toBe('firing')
  await reader.query('commit')
  await expect.poll(() => state('xmin_held', limits), soon).toBe('ok')
  expect(await receivedOf('xmin_held')).toEqual(end)
})

it('identity_left fires for a table whose numbers run out, until its column is widened', async () => {
  expect(await state('identity_left')).toBe('ok')
  await admin.query('create table public.small (id smallint generated always as identity (start with 20000))')
  await admin.query('insert into public.small default values')
  expect(await state('identity_left')).toBe('firing')
  await admin.query('alter table public.small alter column id type bigint')
  expect(await state('identity_left')).toBe('ok')
  expect(await receivedOf('identity_left')).toEqual(end)
})

it('xid_age fires as transactions pass, until the oldest rows are frozen', async () => {
  const { rows } = await admin.query('select max(age(datfrozenxid))::int as age from pg_database')
  const limits = { raise: rows[0].age + 50, clear: rows[0].age }
  expect(await state('xid_age', limits)).toBe('ok')
  for (let n = 0; n < 60; n += 1) await admin.query('select pg_current_xact_id()')
  expect(await state('xid_age', limits)).toBe('firing')
  await admin.query(`update pg_database set datallowconn = true where datname = 'template0'`)
  for (const database of ['postgres', 'template0', 'template1', 'lockstep']) {
    const client = await connect(database)
    await client.query('vacuum (freeze)')
  }
  expect(await state('xid_age', limits)).toBe('ok')
  expect(await receivedOf('xid_age')).toEqual(end)
})

/** A table that Postgres cannot keep in the memory of this server, read whole. */
async function readLarge(): Promise<void> {
  const client = await connect()
  await client.query('set max_parallel_workers_per_gather = 0')
  await client.query(`select count(*) from public.large where filler like '%absent%'`)
  await client.query('select pg_stat_force_next_flush()')
  await client.end()
}

it.each(['seq_scans', 'buffer_hits'])(
  '%s fires while a large table is read whole again and again',
  async (rule) => {
    await admin.query(`create table if not exists public.large as
    select n as id, repeat('x', 400) as filler from generate_series(1, 25000) n`)
    await admin.query('vacuum analyze public.large')
    // The first evaluation knows no growth of the counters.
    expect(await state(rule)).toBe('unknown')
    await expect.poll(() => state(rule), soon).toBe('ok')
    await readLarge()
    expect(await state(rule)).toBe('pending')
    await readLarge()
    pass(300)
    expect(await state(rule)).toBe('firing')
    // Backends report what they read when they are idle, so a part of it may come later.
    await expect.poll(() => state(rule), soon).toBe('ok')
    expect(await receivedOf(rule)).toEqual(end)
  },
)

it('replica_lag fires while a replica replays nothing', async () => {
  const limits = { raise: 0.5, clear: 0.4 }
  await expect.poll(() => state('replica_lag', limits), soon).toBe('ok')
  await standby.pause()
  await admin.query('create table if not exists public.marks (at timestamptz)')
  await admin.query('insert into public.marks values (now())')
  await expect.poll(() => state('replica_lag', limits), soon).toBe('firing')
  await standby.resume()
  const resolved = async () => {
    const now = await state('replica_lag', limits)
    pass(60)
    return now
  }
  await expect.poll(resolved, soon).toBe('ok')
  expect(await receivedOf('replica_lag')).toEqual(end)
})

it('replica_out fires while a replica does not answer', async () => {
  await expect.poll(() => state('replica_out'), soon).toBe('ok')
  await standby.stop()
  expect(await state('replica_out')).toBe('pending')
  pass(60)
  expect(await state('replica_out')).toBe('firing')
  await standby.start()
  const resolved = async () => {
    const now = await state('replica_out')
    pass(60)
    return now
  }
  await expect.poll(resolved, soon).toBe('ok')
  expect(await receivedOf('replica_out')).toEqual(end)
})
