import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect, it, vi } from 'vitest'
import { startNeonProxy } from '../../dev/neon-proxy/server.ts'
import { makeContext } from '../../functions/core/context.ts'
import type { Db } from '../../functions/core/db.ts'
import { makeDb } from '../../functions/core/db.ts'
import { makeMetrics } from '../../functions/core/metrics.ts'
import { makeReplica } from '../../functions/core/replica.ts'
import { makeReplicaTurns } from '../../functions/core/replica-turns.ts'
import { listReplicas } from '../../functions/ops/replicas/list.ts'
import { parseEnv } from '../../functions/registry/env.ts'
import { atTheEnd } from '../support/at-the-end.ts'
import { bindingsOf } from '../support/bindings.ts'
import { freshCluster, freshStandby, type TestStandby } from '../support/cluster.ts'
import { sent } from '../support/sent.ts'
import { soon } from '../support/soon.ts'

// Standbys belong to a whole server, so this file has a server of its own.
const primary = await freshCluster({
  wal_receiver_status_interval: '1s',
  wal_retrieve_retry_interval: '200ms',
})
const admin = new pg.Pool({ connectionString: primary.ownerUrl, max: 5 })
admin.on('error', () => undefined)
atTheEnd(() => admin.end())
await admin.query('create table marks (id bigint generated always as identity, mark text)')
await admin.query('grant select on marks to lockstep_app')

const standbys = [await freshStandby(primary, 1), await freshStandby(primary, 2)] as const
const standbyUrls = standbys.map(({ workerUrl }) => workerUrl)
const databaseUrl = primary.workerUrl
const proxy = await startNeonProxy({ databaseUrl, standbyUrls })
atTheEnd(() => proxy.close())

/** An isolate with turns of its own, and a read in it after the given position. */
function isolate({ urls = standbyUrls } = {}) {
  const turns = makeReplicaTurns()
  const bindings = {
    ...bindingsOf({ workerUrl: databaseUrl }, proxy),
    DATABASE_URL_REPLICAS: urls.join(','),
  }
  const env = parseEnv(bindings)
  return {
    turns,
    ctx: () => makeContext(bindings, { waitUntil: () => undefined }),
    read(after: string | null = null): { replica: Db; metrics: ReturnType<typeof makeMetrics> } {
      const metrics = makeMetrics()
      const db = makeDb(databaseUrl, metrics, { proxy: proxy.address })
      return { replica: makeReplica(env, metrics, { primary: db, after, turns }), metrics }
    },
  }
}

const role = sent`select pg_is_in_recovery() as standby`
const isServed = async (db: Db) => (await db.query<{ standby: boolean }>(role))[0]?.standby

/** Writes a row, and returns its name with the position that a response would carry. */
async function write(): Promise<{ mark: string; position: string }> {
  const mark = crypto.randomUUID()
  const { rows } = await admin.query(
    `insert into marks (mark) values ($1) returning pg_current_xact_id()::text as position`,
    [mark],
  )
  return { mark, position: rows[0].position }
}

/** A write that is not committed yet, with its position. */
async function openWrite(): Promise<{ writer: pg.Client; position: string }> {
  const writer = await connect(primary)
  await writer.query('begin')
  const { rows } = await writer.query(
    `insert into marks (mark) values ('open') returning pg_current_xact_id()::text as position`,
  )
  return { writer, position: rows[0].position }
}

const finds = async (db: Db, mark: string) =>
  (await db.query(sent`select from marks where mark = ${mark}`)).length === 1

/** Whether it is connected to its primary. */
async function receives(standby: TestStandby): Promise<boolean> {
  const client = new pg.Client({ connectionString: standby.url() })
  await client.connect()
  try {
    return (await client.query('select from pg_stat_wal_receiver')).rowCount === 1
  } finally {
    await client.end()
  }
}

async function connect({ ownerUrl }: { ownerUrl: string }): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  atTheEnd(() => client.end())
  return client
}

const untilServed = (at = isolate()) =>
  vi.waitFor(async () => expect(await isServed(at.read().replica)).toBe(true), soon)

describe('a streaming standby', () => {
  it('answers reads, and shows what was written within seconds', async () => {
    await write()
    await untilServed()
    const { mark } = await write()
    await vi.waitFor(async () => expect(await finds(isolate().read().replica, mark)).toBe(true), soon)
  })

  it('costs one slow read when it dies, is left out at once, and answers again after its return', async () => {
    const [first] = standbys
    const at = isolate({ urls: [standbyUrls[0] ?? ''] })
    await write()
    await untilServed(at)
    await first.kill()
    const killedAt = performance.now()
    const trips: number[] = []
    for (let read = 0; read < 10 && performance.now() - killedAt < 3_000; read += 1) {
      const { replica, metrics } = at.read()
      expect(await isServed(replica)).toBe(false)
      trips.push(metrics.trips)
    }
    // A pause of at least 800 ms precedes each further try.
    const tries = 2 + Math.floor((performance.now() - killedAt) / 800)
    expect(trips.filter((count) => count === 2).length).toBeLessThanOrEqual(tries)
    await first.start()
    await write()
    await untilServed(at)
    expect(at.turns.standing(standbyUrls[0] ?? '', Date.now()).outcomes.out).toBeGreaterThan(0)
  })

  it('does not answer when its data is older than readers accept, with a position or without', async () => {
    const [first] = standbys
    await untilServed(isolate({ urls: [standbyUrls[0] ?? ''] }))
    await first.pause()
    try {
      await write()
      const standby = await connect(first)
      const check = (bound: string) => standby.query('select core.assert_fresh(null, $1::interval)', [bound])
      await expect(check('1 hour')).resolves.toBeDefined()
      await vi.waitFor(() => expect(check('1 second')).rejects.toMatchObject({ code: 'LS021' }), soon)
    } finally {
      await first.resume()
    }
  })

  it('shows the operator its lag, and that its replay is paused', async () => {
    const [first] = standbys
    const ask = async () => (await listReplicas(isolate().ctx()))[0]
    await write()
    await vi.waitFor(
      async () => expect(await ask()).toMatchObject({ standby: true, replayPaused: false, lagSeconds: 0 }),
      soon,
    )
    await first.pause()
    try {
      await write()
      await vi.waitFor(async () => {
        const replica = await ask()
        expect(replica).toMatchObject({ number: 1, reachable: true, replayPaused: true })
        expect(replica?.lagSeconds).toBeGreaterThan(0)
      }, soon)
    } finally {
      await first.resume()
    }
  })

  it('shows no position of a write that is open, although it shows later writes, nor to a snapshot of before its commit', async () => {
    const [first] = standbys
    const before = await write()
    const { writer, position } = await openWrite()
    const later = await write()
    const [standby, earlier] = await Promise.all([connect(first), connect(first)])
    const shows = (client: pg.Client, at: string) => client.query('select core.assert_replayed($1)', [at])
    await vi.waitFor(() => shows(standby, later.position), soon)
    await expect(shows(standby, position)).rejects.toMatchObject({ code: 'LS020' })

    await earlier.query('begin isolation level repeatable read')
    expect((await earlier.query(`select from marks where mark = 'open'`)).rowCount).toBe(0)
    await writer.query('commit')
    await vi.waitFor(() => shows(standby, position), soon)
    expect((await standby.query(`select from marks where mark = 'open'`)).rowCount).toBe(1)
    await expect(shows(earlier, before.position)).resolves.toBeDefined()
    await expect(shows(earlier, position)).rejects.toMatchObject({ code: 'LS020' })
  })

  it('is not fresh after its primary has been silent for two minutes and a half, though it replayed all it got', async () => {
    const { rows } = await admin.query(
      `select pg_get_functiondef('core.assert_fresh(xid8, interval)'::regprocedure) as text`,
    )
    const text: string = rows[0].text
    // As if the time had passed: the same function with a bound that has passed already.
    const later = text
      .replace('core.assert_fresh', 'core.assert_fresh_later')
      .replace(`interval '150 seconds'`, `interval '-1 second'`)
    expect(later).not.toContain('150 seconds')
    await admin.query(later)
    const { position } = await write()
    const [first] = standbys
    const standby = await connect(first)
    await vi.waitFor(async () => {
      await standby.query('select core.assert_fresh($1::xid8, $2::interval)', [position, '1 hour'])
      await expect(
        standby.query('select core.assert_fresh_later(null, $1::interval)', ['1 hour']),
      ).rejects.toMatchObject({ code: 'LS021' })
    }, soon)
  })
})

describe('sixteen clients that read back their own writes over two standbys', () => {
  const clients = 16

  /** Counts the reads that missed the client's write while standbys are paused, cut off and killed. */
  async function misses({ asserting }: { asserting: boolean }): Promise<number> {
    const at = isolate()
    let [missed, reads, over] = [0, 0, false]
    /** Until each client has read a few times, on average. */
    const some = async () => {
      const enough = reads + 8 * clients
      await vi.waitUntil(() => reads >= enough, soon)
    }
    const client = async () => {
      while (!over) {
        const { mark, position } = await write()
        const { replica } = at.read(asserting ? position : null)
        if (!(await finds(replica, mark))) missed += 1
        reads += 1
        await delay(5)
      }
    }
    const reading = Promise.all(Array.from({ length: clients }, client))
    const [first, second] = standbys
    try {
      await first.pause()
      await some()
      await second.kill()
      await some()
      await first.resume()
      await second.start()
      await some()
      await first.cutOff()
      await vi.waitFor(async () => expect(await receives(first)).toBe(false), soon)
      await some()
      await first.reconnect()
      await some()
    } finally {
      over = true
      await reading
    }
    return missed
  }

  it('miss none', async () => {
    await untilServed()
    expect(await misses({ asserting: true })).toBe(0)
  })

  it('miss some when reads name no position: the check finds it', async () => {
    await untilServed()
    expect(await misses({ asserting: false })).toBeGreaterThan(0)
  })
})
