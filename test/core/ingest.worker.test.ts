import { globSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { buildWorker } from '../../dev/system/build.ts'
import { freshFetch } from '../../dev/system/fresh-fetch.ts'
import { createQueueFaults, type QueueFaults } from '../../dev/system/queue-faults.ts'
import type { Accounting } from '../../functions/core/ingest-accounting.ts'
import { freshDatabase } from '../support/database.ts'
import { freshFolder } from '../support/folder.ts'
import { freshWorker, type TestWorker, type TestWorkerOptions } from '../support/worker.ts'
import { type Sums, sumOf } from './probe/isolate.ts'
import { probeTables } from './probe/module.ts'

const folder = freshFolder()
const bundle = await buildWorker(join(folder, 'bundle'), {
  entry: join(import.meta.dirname, 'probe/worker.ts'),
})
const unlimited = { limit: 1_000_000_000, period: 60 } as const

type Probe = TestWorker & { queue: QueueFaults; sent: number }

async function freshProbe(options: TestWorkerOptions = {}): Promise<Probe> {
  const queue = createQueueFaults()
  const database = options.database ?? (await freshDatabase())
  if (options.database === undefined) await database.admin.query(probeTables)
  const rateLimits = { RATE_READ: unlimited, RATE_WRITE: unlimited }
  const app = await freshWorker({
    bundle,
    streams: { probe: {} },
    queueFaults: queue,
    rateLimits,
    ...options,
    database,
  })
  return Object.assign(app, { queue, sent: 0 })
}

/** Sends items, three a request; all must be acknowledged. */
async function send(app: Probe, requests: number, { durable = false } = {}): Promise<void> {
  const statuses = await Promise.all(
    Array.from({ length: requests }, async () => {
      const items = Array.from({ length: 3 }, () => ({ value: 1_000 + app.sent++ }))
      const headers = { 'content-type': 'application/json' }
      const response = await freshFetch(new URL('/v1/probe/items', app.url), {
        method: 'POST',
        headers,
        body: JSON.stringify({ items, durable }),
      })
      return response.status
    }),
  )
  expect(new Set(statuses)).toEqual(new Set([202]))
}

async function stored(app: Probe): Promise<{ items: number; distinct: number }> {
  const { rows } = await app.database.admin.query(
    'select count(*)::int as items, count(distinct value)::int as distinct from probe.items',
  )
  return rows[0]
}

async function accounting(app: Probe): Promise<Accounting> {
  const response = await freshFetch(new URL('/v1/probe/accounting', app.url))
  return response.json<Accounting>()
}

const gaps = async (app: Probe) => (await accounting(app)).gaps

async function sums(app: Probe): Promise<Sums> {
  return sumOf((await accounting(app)).minutes)
}

/** Waits until as many items are stored as were acknowledged. */
async function whenAllStored(app: Probe) {
  await expect
    .poll(() => stored(app), { timeout: 90_000, interval: 250 })
    .toEqual({
      items: app.sent,
      distinct: app.sent,
    })
  return sums(app)
}

const allStored = (app: Probe): Sums => ({
  answered: app.sent,
  stored: app.sent,
  duplicate: 0,
  rejected: 0,
  dead: 0,
  waiting: 0,
  missing: 0,
})

type Dead = { items: number; reason: string; attempts: number }
type Reply = { status: number; data: (Dead & { outcome?: string })[] }

async function operate(app: Probe, path: string, body?: object): Promise<Reply> {
  const headers = {
    authorization: `Bearer ${await app.token('admin', 1)}`,
    'content-type': 'application/json',
  }
  const response = await app.fetch(path, {
    headers,
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  })
  const { data = [] }: { data?: Reply['data'] } = await response.json()
  return { status: response.status, data }
}

describe('accounted ingest in workerd', () => {
  it('gathers the items of many requests into few messages', async () => {
    const app = await freshProbe()
    await send(app, 100)
    expect(await whenAllStored(app)).toEqual(allStored(app))
    const { rows } = await app.database.admin.query('select count(*)::int as n from core.ingest_messages')
    // A busy machine spreads them over many of the moments that one message gathers.
    expect(rows[0].n).toBeLessThan(100)
  })

  it('stores each item once when the queue delivers twice and in another order', async () => {
    const app = await freshProbe()
    app.queue.set({ duplicate: 0.7, shuffle: 0.7 })
    const { counts } = app.queue
    const isEnough = (round: number) => round >= 10 && Math.min(counts.duplicate, counts.shuffle) > 5
    for (let round = 0; round < 200 && !isEnough(round); round += 1)
      await send(app, 10, { durable: round % 2 === 0 })
    expect(Math.min(counts.duplicate, counts.shuffle)).toBeGreaterThan(5)
    expect(await whenAllStored(app)).toEqual(allStored(app))
  })

  it('loses nothing that it acknowledged while queue and Postgres are out in all combinations', async () => {
    const app = await freshProbe()
    const queueOut = { refuse: () => app.queue.counts.refuse, hang: () => app.queue.counts.hang }
    const postgresOut = () => app.faults.counts.refuse
    // Each outage lasts until the Worker has met it: its sends, its consumer, or the alarm of Spill.
    const outages: [begin: () => void, met: () => boolean][] = [
      [() => app.queue.set({ refuse: 1 }), () => queueOut.refuse() >= 3],
      [() => app.faults.set({ refuse: 1 }), () => postgresOut() >= 1],
      [
        () => [app.queue.set({ refuse: 0.5 }), app.faults.set({ refuse: 1 })],
        () => queueOut.refuse() >= 5 && postgresOut() >= 1,
      ],
      [() => app.queue.set({ hang: 1 }), () => queueOut.hang() >= 3],
      [
        () => [app.queue.set({ hang: 0.5 }), app.faults.set({ refuse: 1 })],
        () => queueOut.hang() >= 5 && postgresOut() >= 1,
      ],
    ]
    await send(app, 5)
    for (const [begin, met] of outages) {
      begin()
      await send(app, 10)
      await send(app, 3, { durable: true })
      await expect.poll(met, { timeout: 60_000 }).toBe(true)
      app.queue.clear()
      app.faults.clear()
      await send(app, 2)
    }
    expect(await whenAllStored(app)).toEqual(allStored(app))
  })

  it('keeps dead letters in Spill while Postgres is away; then the operator sees them and replays each once', async () => {
    const app = await freshProbe({ streams: { probe: { maxRetries: 0 } } })
    app.faults.set({ refuse: 1 })
    await send(app, 3, { durable: true })
    await expect.poll(() => app.faults.counts.refuse, { timeout: 60_000 }).toBeGreaterThanOrEqual(2)
    app.faults.clear()
    const list = async () => (await operate(app, '/v1/ops/dead?stream=probe')).data
    const countDead = async () => (await list()).reduce((sum, { items }) => sum + items, 0)
    // A message that the queue delivers when Postgres is back is stored.
    await expect
      .poll(async () => (await countDead()) + (await stored(app)).items, { timeout: 60_000, interval: 250 })
      .toBe(app.sent)
    const dead = await countDead()
    expect(dead).toBeGreaterThan(0)
    expect(await list()).toEqual(
      (await list()).map(() =>
        expect.objectContaining({ stream: 'probe', reason: 'retries_exhausted', attempts: 1 }),
      ),
    )
    expect(await sums(app)).toMatchObject({ answered: app.sent, stored: app.sent - dead, dead })
    const replies = await Promise.all(
      Array.from({ length: 3 }, () => operate(app, '/v1/ops/dead/replay', { stream: 'probe' })),
    )
    expect(replies.flatMap(({ data }) => data).every(({ outcome }) => outcome === 'stored')).toBe(true)
    expect(await whenAllStored(app)).toEqual(allStored(app))
    expect(await list()).toEqual([])
    expect((await operate(app, '/v1/ops/dead/replay', { stream: 'nobody' })).status).toBe(404)
  })

  it('stores by itself what the queue never takes', async () => {
    const app = await freshProbe({ bindings: { SPILL_SECONDS: '0' } })
    app.queue.set({ refuse: 1 })
    await send(app, 20)
    await send(app, 5, { durable: true })
    expect(await whenAllStored(app)).toEqual(allStored(app))
    expect(app.queue.counts.refuse).toBeGreaterThan(1)
  })

  it('names a message that the queue dropped, with its isolate and its time', async () => {
    const app = await freshProbe()
    await send(app, 1, { durable: true })
    app.queue.set({ drop: 1 })
    const from = Date.now()
    await send(app, 1, { durable: true })
    const to = Date.now()
    app.queue.clear()
    await send(app, 1, { durable: true })
    const { database } = app
    await expect.poll(() => stored(app), { timeout: 60_000, interval: 250 }).toMatchObject({ items: 6 })
    await database.admin.query(
      `update core.ingest_messages set received_at = received_at - interval '16 minutes'`,
    )
    expect(await sums(app)).toMatchObject({ answered: 9, stored: 6, waiting: 0, missing: 3 })
    const { rows } = await database.admin.query('select source from core.ingest_sources')
    const [gap, ...more] = await gaps(app)
    expect(more).toEqual([])
    expect(gap).toMatchObject({ source: rows[0].source, items: 3, state: 'missing' })
    expect(Date.parse(gap?.after ?? '')).toBeLessThanOrEqual(from)
    expect(Date.parse(gap?.before ?? '')).toBeGreaterThanOrEqual(to)
  })

  it('goes on when workerd is killed with messages in Spill, and comes back by itself', async () => {
    const app = await freshProbe()
    app.queue.set({ refuse: 1 })
    await send(app, 10, { durable: true })
    expect(app.queue.counts.refuse).toBeGreaterThan(0)
    await app.kill()
    app.queue.clear()
    expect(await whenAllStored(app)).toEqual(allStored(app))
  })

  it('goes on after another workerd was started without the alarms, at the next tick of the clock', async () => {
    const persistTo = join(folder, 'state')
    const first = await freshProbe({ persistTo })
    first.queue.set({ refuse: 1 })
    await send(first, 10, { durable: true })
    await first.dispose()
    expect(loseAlarms(persistTo)).toBeGreaterThan(0)
    const second = await freshProbe({ persistTo, database: first.database })
    second.sent = first.sent
    await second.scheduled('* * * * *')
    expect(await whenAllStored(second)).toEqual(allStored(second))
  })
})

/** Workerd notes alarms beside its objects. Without the note an object's alarm is not armed. */
function loseAlarms(persistTo: string): number {
  const files = globSync(join(persistTo, 'do/*Spill*/metadata.sqlite'))
  return files.reduce((lost, file) => {
    const alarms = new DatabaseSync(file)
    const { changes } = alarms.prepare('delete from _cf_ALARM').run()
    alarms.close()
    return lost + Number(changes)
  }, 0)
}
