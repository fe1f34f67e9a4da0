import { neon, neonConfig } from '@neondatabase/serverless'
import { afterEach, beforeAll, expect, it } from 'vitest'
import type { Fault } from '../../dev/neon-proxy/faults.ts'
import { untilWaiting } from '../core/barrier.ts'
import { freshDatabase } from '../support/database.ts'
import { freshProxy } from '../support/proxy.ts'

const database = await freshDatabase()
// With one session a statement after a cut one is answered once the cut one has ended.
const { address, faults } = await freshProxy(database, { maxSessions: 1 })
neonConfig.fetchEndpoint = `http://${address}/sql`
const sql = neon(database.ownerUrl)

beforeAll(() => database.admin.query('create table things (id int primary key)'))
afterEach(async () => {
  faults.clear()
  await database.admin.query('truncate things')
})

async function stored(): Promise<number[]> {
  const { rows } = await database.admin.query<{ id: number }>('select id from things order by id')
  return rows.map(({ id }) => id)
}

const insert = (id: number) => sql`insert into things values (${id}::int)`

it.each([
  ['refuse', 'Server error (HTTP status 503)'],
  ['reset', 'Error connecting to database'],
] as const)('executes nothing on %s', async (fault: Fault, message: string) => {
  faults.set({ [fault]: 1 })
  await expect(insert(1)).rejects.toMatchObject({
    message: expect.stringContaining(message),
    code: undefined,
  })
  expect(faults.counts[fault]).toBe(1)
  expect(await stored()).toEqual([])
})

it('executes nothing and answers nothing on blackhole', async () => {
  faults.set({ blackhole: 1 })
  const swallowed = faults.fired('blackhole')
  const controller = new AbortController()
  const asked = expect(
    sql.query('insert into things values (1)', [], { fetchOptions: { signal: controller.signal } }),
  ).rejects.toMatchObject({ sourceError: { name: 'AbortError' } })
  await swallowed
  controller.abort()
  await asked
  expect(await stored()).toEqual([])
})

it.each([
  ['cutAfterCommit', 'Error connecting to database'],
  ['truncate', 'terminated'],
] as const)('commits, and gives no whole answer, on %s', async (fault, message) => {
  faults.set({ [fault]: 1, times: 2 })
  await expect(insert(1)).rejects.toThrow(message)
  await expect(sql.transaction([insert(2), insert(3)])).rejects.toThrow(message)
  expect(faults.counts[fault]).toBe(2)
  await insert(4)
  expect(await stored()).toEqual([1, 2, 3, 4])
})

it('does not count a statement that failed as committed', async () => {
  faults.set({ cutAfterCommit: 1 })
  await expect(sql`select 1 / 0`).rejects.toMatchObject({ code: '22012' })
  expect(faults.counts.cutAfterCommit).toBe(0)
})

it.each([
  ['Postgres cancels it', true, 0, []],
  ['it runs on, when Postgres is not told', false, 1, [1]],
])('cuts during a statement: %s', async (_, cancelWhenCut, stillWaiting, then) => {
  const blocker = await database.connect()
  await blocker.query('begin')
  await blocker.query('lock table things')
  try {
    faults.set({ cutDuring: 1, times: 1, cancelWhenCut })
    await expect(insert(1)).rejects.toThrow('Error connecting')
    // Before it waits for its lock, a statement looks as if it were cancelled.
    if (cancelWhenCut) await sql`select 1`
    await untilWaiting(database, stillWaiting)
    await blocker.query('commit')
    await untilWaiting(database, 0)
    // A statement that has the lock is not committed yet.
    await expect.poll(stored).toEqual(then)
  } finally {
    // Nothing else ends the lock when an expectation fails.
    await blocker.query('rollback')
  }
})

it('strikes only statements that match, and only so often', async () => {
  faults.set({ reset: 1, match: 'insert into "things"\n', times: 1 })
  await insert(1)
  const matching = () => sql.query('insert into "things"\nvalues (2)')
  await expect(matching()).rejects.toThrow('Error connecting')
  await matching()
  expect(await stored()).toEqual([1, 2])
})

it('adds latency', async () => {
  faults.set({ latencyMs: 60 })
  const started = performance.now()
  await sql`select 1`
  expect(performance.now() - started).toBeGreaterThanOrEqual(59)
})

it('is switched over HTTP as well, and says what struck', async () => {
  const control = `http://${address}/faults`
  const post = (body: unknown) => fetch(control, { method: 'POST', body: JSON.stringify(body) })
  expect(await (await post({ reset: 1, times: 1, seed: 7 })).json()).toMatchObject({
    settings: { reset: 1, times: 1 },
  })
  await expect(insert(1)).rejects.toThrow('Error connecting')
  expect(await (await fetch(control)).json()).toMatchObject({ counts: { reset: 1 }, settings: { reset: 1 } })
  expect((await post({ explode: 1 })).status).toBe(400)
  expect((await post({ reset: 'often' })).status).toBe(400)
  expect(await (await fetch(control, { method: 'DELETE' })).json()).toMatchObject({
    counts: { reset: 0 },
    settings: { reset: 0 },
  })
})
