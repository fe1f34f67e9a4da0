import { expect, it, vi } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { callerOf } from '../support/http.ts'
import { givenRegulated } from '../support/regulated.ts'

const app = await freshWorker({ bindings: { TARGET_CYCLE_SECONDS: '1', FLEET_SHARDS: '2' } })
const { admin } = app.database
const options = { database: app.database, bindings: { TARGET_CYCLE_SECONDS: '1', FLEET_SHARDS: '3' } }
const patience = { timeout: 60_000, interval: 250 }

async function slotsOf(shard: number): Promise<number[]> {
  const { rows } = await admin.query(
    'select extract(epoch from slot)::int as slot from fleet.cycles where shard = $1 order by slot',
    [shard],
  )
  return rows.map(({ slot }) => slot)
}

it('the cron arms an object for each shard, and its alarm runs a cycle each slot', async () => {
  const zones = [await givenRegulated(admin), await givenRegulated(admin)]
  expect(await app.scheduled('* * * * *')).toMatchObject({ outcome: 'ok' })
  await vi.waitFor(async () => {
    expect((await slotsOf(0)).length).toBeGreaterThan(2)
    expect((await slotsOf(1)).length).toBeGreaterThan(2)
  }, patience)
  const { rows } = await admin.query(
    'select regulator_id::int as id, count(*)::int as n from fleet.commands group by 1 order by 1',
  )
  expect(rows).toEqual(zones.map(({ regulator }) => ({ id: regulator, n: 1 })))
  expect(new Set(await slotsOf(0)).size).toBe((await slotsOf(0)).length)
})

it('the operator sees the cycles, newest first and page by page', async () => {
  const operator = await callerOf(app, 'admin')
  const first = await operator.get('/cycles?limit=2')
  expect(first).toMatchObject({ status: 200, trips: 1 })
  const all: string[] = []
  let path = '/cycles?limit=1&shard=0'
  for (let n = 0; n < 3; n += 1) {
    const { body } = await operator.get(path)
    all.push(...(body['data'] as { slot: string }[]).map(({ slot }) => slot))
    path = `/cycles?limit=1&shard=0&cursor=${String(body['nextCursor'])}`
  }
  expect(all).toEqual([...new Set(all)].toSorted((a, b) => b.localeCompare(a)))
  expect(await operator.get('/cycles?failed=true')).toMatchObject({ body: { data: [] } })
  expect(await (await callerOf(app, 'tenant', 1)).get('/cycles')).toMatchObject({ status: 403 })
})

it('an alarm that was lost with workerd is armed again by the next minute', async () => {
  const [first, second] = [await freshWorker(options), await freshWorker(options)]
  const minute = (n: number) => new Date(Date.now() + n * 60_000)
  await first.scheduled('* * * * *', minute(1))
  await vi.waitFor(async () => expect(await slotsOf(2)).not.toEqual([]), patience)
  await first.dispose()
  const before = (await slotsOf(2)).length
  await second.scheduled('* * * * *', minute(2))
  await vi.waitFor(async () => expect((await slotsOf(2)).length).toBeGreaterThan(before + 1), patience)
})
