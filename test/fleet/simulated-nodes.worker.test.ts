import { expect, it, onTestFinished, vi } from 'vitest'
import { readNodesArguments, runNodes } from '../../dev/commands/nodes.ts'
import { simulatedNode, type Tally } from '../../dev/commands/simulated-node.ts'
import { soon } from '../support/soon.ts'
import { freshWorker } from '../support/worker.ts'
import { callerOf } from './support/http.ts'

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

it('a simulated node does its commands, and now and then sends a late sample and a batch twice', async () => {
  const tenant = await callerOf(app, 'tenant', 2)
  const { body: house } = await tenant.post('/greenhouses', { body: { name: 'North' } })
  const zone = await tenant.post('/zones', { body: { greenhouseId: house['id'], name: 'Z1' } })
  const zoneId = Number(zone.body['id'])
  const tally: Tally = {}
  const given = { url: app.url, provisioningToken: String(house['provisioningToken']), nodeType: 'ph', tally }
  const node = simulatedNode({ ...given, hardwareId: 'simulated-2' })
  await node.hello()
  const { body } = await tenant.get('/nodes')
  const [{ uid } = { uid: '' }] = body['data'] as { uid: string }[]
  await tenant.put(`/nodes/${uid}/zone`, { body: { zoneId }, ifMatch: 1 })
  await tenant.patch(`/zones/${zoneId}`, { body: { mode: 'manual' }, ifMatch: 1 })
  const ordered = await tenant.post(`/zones/${zoneId}/commands`, {
    body: { nodeUid: uid, kind: 'on', maxRunMs: 1_000 },
  })
  expect(ordered.status).toBe(201)
  const lot = vi.spyOn(Math, 'random').mockReturnValue(0.05)
  onTestFinished(() => lot.mockRestore())
  await node.live()
  await node.live()
  expect(tally).toEqual({
    registered: 1,
    'configurations applied': 1,
    'commands done': 1,
    'batches sent': 1,
    'batches sent twice': 1,
  })
  const counted = async () =>
    (
      await app.database.admin.query(
        'select sum(late)::int as late, sum(duplicate)::int as duplicate from fleet.telemetry_minutes where tenant_id = 2',
      )
    ).rows
  await expect.poll(counted, soon).toEqual([{ late: 1, duplicate: 1 }])
})

it('the options of the command are checked', () => {
  expect(readNodesArguments([])).toEqual({ count: 30, seconds: 30, tenantId: 1 })
  expect(() => readNodesArguments(['--count', '0'])).toThrow('--count must be a whole number from 1 to 500')
})
