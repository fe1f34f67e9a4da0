import { expect, it } from 'vitest'
import { publishCommands } from '../../../functions/fleet/commands/publish.ts'
import { takeCommands } from '../../../functions/fleet/commands/take.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { soon } from '../../support/soon.ts'
import { freshBroker } from '../support/broker.ts'
import { givenRegulated } from '../support/regulated.ts'

const environment = await freshEnvironment()
const broker = await freshBroker()
const { admin } = environment.database

/** Commands that switch a pump off: three that it got and never acknowledged, then a new one. */
async function givenOffs(): Promise<{ pumpUid: string; all: number[]; added: number | undefined }> {
  const { zone, pump, pumpUid } = await givenRegulated(admin)
  const { rows } = await admin.query(
    `insert into fleet.commands (tenant_id, node_id, zone_id, zone_epoch, kind, ordered_by, state)
     select 1, $1, $2, 1, 'off', 'system', state
     from unnest('{SENT,SENT,SENT,QUEUED}'::text[]) with ordinality s (state, at)
     order by at
     returning id::int`,
    [pump, zone],
  )
  const all = rows.map(({ id }) => id as number)
  return { pumpUid, all, added: all.at(-1) }
}

it('a run of the publisher begins with new commands, and sends each of the others in one of the next runs', async () => {
  const { all, added } = await givenOffs()
  const ctx = environment.ctx({ bindings: { MQTT_URL: broker.url, FLEET_SHARDS: '1' } })
  const published = () => broker.published.map(({ payload }) => (payload as { id: number }).id)
  await publishCommands(ctx, { shard: 0, most: 2 })
  await expect.poll(() => published().length, soon).toBe(2)
  expect(published()).toContain(added)
  await expect
    .poll(async () => {
      await publishCommands(ctx, { shard: 0, most: 2 })
      return new Set(published())
    }, soon)
    .toEqual(new Set(all))
})

it('a node that takes fewer commands than wait for it gets the new one among them, oldest first', async () => {
  const { pumpUid, all, added } = await givenOffs()
  const ctx = environment.ctx({ principal: { role: 'node', sub: pumpUid, tenantId: 1, gen: 1 } })
  const taken = await takeCommands(ctx, { uid: pumpUid, limit: 2 })
  expect(taken?.data.map(({ id }) => id)).toEqual([all[0], added])
})
