import { expect, it } from 'vitest'
import { runCycle } from '../../../functions/fleet/cycles/run.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { freshWorker } from '../../support/worker.ts'
import { callerOf } from '../support/http.ts'
import { givenRegulated } from '../support/regulated.ts'

const environment = await freshEnvironment()
const app = await freshWorker({ database: environment.database })
const { admin } = environment.database
const tenant = await callerOf(app, 'tenant', 1)
const start = Math.floor(Date.now() / 1_000) * 1_000

async function cycle(seconds: number): Promise<string> {
  const slot = new Date(start + seconds * 1_000)
  const run = await runCycle(environment.ctx({ bindings: { FLEET_SHARDS: '1' } }), { shard: 0, slot })
  expect(run.ran).toBe(true)
  return slot.toISOString()
}

it('answers why a zone did something, or nothing, at any moment', async () => {
  const { zone, regulator, sensor } = await givenRegulated(admin, { value: 5, measuredAt: new Date(start) })
  const dosed = await cycle(0)
  await admin.query("update fleet.commands set state = 'DONE'")
  const stale = await cycle(14 * 60)
  const now = await tenant.get(`/zones/${zone}/decisions`)
  expect(now).toMatchObject({ status: 200, trips: 1 })
  expect((now.body['data'] as { text: string }[]).map(({ text }) => text)).toEqual([
    'did nothing: ph is 14 min old',
    'dosed 2 ml: ph is 5',
  ])
  const between = new Date(Date.parse(dosed) + 60_000).toISOString()
  const then = await tenant.get(`/zones/${zone}/decisions?at=${between}`)
  const { rows } = await admin.query('select uid from fleet.nodes where id = $1', [sensor])
  expect(then.body).toMatchObject({
    data: [
      {
        regulatorId: regulator,
        metric: 'ph',
        direction: 'raise',
        outcome: 'dosed',
        inputs: {
          value: 5,
          quality: 'good',
          nodeUid: rows[0].uid,
          target: { version: 1, min: 5.5, max: 6.5, hysteresis: 0.2 },
          hourLeft: 100,
          dayLeft: 1_000,
          regulatorVersion: 1,
        },
        commandId: expect.any(Number),
      },
    ],
    nextCursor: null,
  })
  const later = await tenant.get(`/zones/${zone}/decisions?at=${stale}`)
  expect(later.body).toMatchObject({
    data: [{ outcome: 'stale', inputs: { ageSeconds: 840 }, commandId: null }],
  })
  const before = await tenant.get(`/zones/${zone}/decisions?at=2026-01-01T00:00:00Z`)
  expect(before.body).toEqual({ data: [], nextCursor: null })
})

it('pages through the decisions of all regulators of a zone without gap or repeat', async () => {
  const { zone } = await givenRegulated(admin, { opposedAt: new Date(start - 3_600_000), value: 6 })
  await cycle(1_000)
  await admin.query('update fleet.zone_targets set max = max + 1 where zone_id = $1', [zone])
  await cycle(1_015)
  const all: string[] = []
  let path = `/zones/${zone}/decisions?limit=1`
  for (let pages = 0; pages < 10; pages += 1) {
    const { body } = await tenant.get(path)
    all.push(
      ...(body['data'] as { at: string; regulatorId: number }[]).map(
        ({ at, regulatorId }) => `${at} ${regulatorId}`,
      ),
    )
    const { nextCursor: next } = body
    if (typeof next !== 'string') break
    path = `/zones/${zone}/decisions?limit=1&cursor=${next}`
  }
  expect(all).toHaveLength(4)
  expect(new Set(all).size).toBe(4)
})
