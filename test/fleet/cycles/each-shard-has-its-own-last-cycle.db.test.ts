import { expect, it } from 'vitest'
import { tellMatters } from '../../../functions/fleet/cycles/tell-matters.ts'
import { freshEnvironment } from '../../core/environment.ts'

const environment = await freshEnvironment()
const { admin } = environment.database

it('each shard is reported by its own last cycle', async () => {
  await admin.query(`select core.make_partitions('fleet.cycles', array[now()])`)
  await admin.query('insert into fleet.cycles (shard, slot) values (0, now())')
  const matters = await tellMatters(environment.ctx({ bindings: { FLEET_SHARDS: '2' } }))
  expect(matters).toMatchObject([
    { name: 'telemetry backlog' },
    { name: 'last cycle of shard 0', ok: true },
    { name: 'last cycle of shard 1', ok: null },
  ])
})
