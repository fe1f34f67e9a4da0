import { Client, neonConfig, Pool, type PoolClient } from '@neondatabase/serverless'
import { afterEach, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { freshProxy } from '../support/proxy.ts'
import { soon } from '../support/soon.ts'

const database = await freshDatabase()
const { address, faults } = await freshProxy(database)
neonConfig.wsProxy = `${address}/v2`
neonConfig.useSecureWebSocket = false

beforeAll(() => database.admin.query('create table things (id int primary key)'))
afterEach(() => faults.clear())

// Left to itself, as in production, the driver sends start-up, password and first query in one go.
async function connected(work: (client: PoolClient) => Promise<void>): Promise<void> {
  const pool = new Pool({
    connectionString: database.ownerUrl,
    max: 1,
  })
  pool.on('error', () => undefined)
  const client = await pool.connect()
  client.on('error', () => undefined)
  try {
    await work(client)
  } finally {
    client.release(true)
    await pool.end()
  }
}

async function stored(): Promise<unknown[]> {
  return (await database.admin.query('select id from things order by id')).rows
}

it('carries an interactive transaction: what commits is there, what rolls back is not', async () => {
  await connected(async (client) => {
    await client.query('begin')
    await client.query('insert into things values ($1)', [1])
    await client.query('commit')
    await client.query('begin')
    await client.query('insert into things values (2)')
    await client.query('rollback')
    await expect(client.query('select 1 / 0')).rejects.toMatchObject({ code: '22012', severity: 'ERROR' })
  })
  expect(await stored()).toEqual([{ id: 1 }])
})

it('ends the session in Postgres, and its transaction, when the socket goes', async () => {
  let pid: unknown
  await connected(async (client) => {
    pid = (await client.query('select pg_backend_pid() as pid')).rows[0]?.pid
    await client.query('begin')
    await client.query('insert into things values (3)')
  })
  await vi.waitUntil(async () => {
    const { rowCount } = await database.admin.query('select from pg_stat_activity where pid = $1', [pid])
    return rowCount === 0
  }, soon)
  expect(await stored()).toEqual([{ id: 1 }])
})

it('ends a session with a Close frame, whoever ends it first', async () => {
  const clean: boolean[] = []
  class Watched extends WebSocket {
    constructor(url: string) {
      super(url)
      this.addEventListener('close', ({ wasClean, code }) => clean.push(wasClean && code !== 1006))
    }
  }
  neonConfig.webSocketConstructor = Watched
  onTestFinished(() => {
    neonConfig.webSocketConstructor = WebSocket
  })
  const client = new Client(database.ownerUrl)
  client.on('error', () => undefined)
  await client.connect()
  await client.query('select 1')
  await client.end()
  const ended = new Client(database.ownerUrl)
  ended.on('error', () => undefined)
  await ended.connect()
  const { rows } = await ended.query('select pg_backend_pid() as pid')
  await database.admin.query('select pg_terminate_backend($1)', [rows[0]?.pid])
  await vi.waitUntil(() => clean.length === 2, soon)
  expect(clean).toEqual([true, true])
})

it('can lose the confirmation of a commit, and only that', async () => {
  await connected(async (client) => {
    await client.query('begin')
    await client.query('insert into things values (4)')
    faults.set({ cutAfterCommit: 1 })
    await expect(client.query('commit')).rejects.toBeDefined()
  })
  expect(faults.counts.cutAfterCommit).toBe(1)
  expect(await stored()).toContainEqual({ id: 4 })
})

// With pipelining a connection counts as made before the server has said a word.
async function ask(client: PoolClient): Promise<void> {
  await client.query('insert into things values (5)')
}

it('can refuse or reset a connection', async () => {
  for (const fault of ['refuse', 'reset'] as const) {
    faults.clear()
    faults.set({ [fault]: 1, times: 1 })
    await expect(connected(ask)).rejects.toBeDefined()
    expect(faults.counts[fault]).toBe(1)
  }
  expect(await stored()).not.toContainEqual({ id: 5 })
})

it('can swallow everything a client says', async () => {
  faults.set({ blackhole: 1, times: 1 })
  const swallowed = faults.fired('blackhole')
  const pool = new Pool({ connectionString: database.ownerUrl })
  const client = await pool.connect()
  client.on('error', () => undefined)
  const unanswered = expect(client.query('insert into things values (5)')).rejects.toThrow('terminated')
  await swallowed
  client.release(true)
  await unanswered
  expect(await stored()).not.toContainEqual({ id: 5 })
})
