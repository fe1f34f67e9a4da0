import { expect, it } from 'vitest'
import { readNodesArguments, runNodes } from '../../dev/commands/nodes.ts'
import { soon } from '../support/soon.ts'
import { freshWorker } from '../support/worker.ts'

const app = await freshWorker()

it('simulated nodes register, enter zones, apply their configuration and send samples', async () => {
  const tenantToken = await app.token('tenant', 'nodes', 1)
  const tally = await runNodes({ url: app.url, tenantToken }, { count: 8, seconds: 3 })
  expect(tally).toMatchObject({ registered: 8, 'configurations applied': 8 })
  expect(Object.keys(tally).filter((what) => what.startsWith('refused'))).toEqual([])
  const state = async () =>
    (
      await app.database.admin.query(
        `select
          (select count(*)::int from fleet.nodes where lifecycle = 'ACTIVE') as active,
          (select count(distinct zone_id)::int from fleet.zone_slots) as zones,
          (select count(distinct node_id)::int from fleet.telemetry_samples) as measuring`,
      )
    ).rows
  await expect.poll(state, soon).toEqual([{ active: 8, zones: 2, measuring: 6 }])
})

it('the options of the command are checked', () => {
  expect(readNodesArguments([])).toEqual({ count: 30, seconds: 30, tenantId: 1 })
  expect(() => readNodesArguments(['--count', '0'])).toThrow('--count must be a whole number from 1 to 500')
})
