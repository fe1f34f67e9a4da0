import { expect, it } from 'vitest'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { freshBroker } from '../support/broker.ts'
import { givenRegulated } from '../support/regulated.ts'

const broker = await freshBroker()
const app = await freshWorker({
  bindings: { MQTT_URL: broker.url, TARGET_CYCLE_SECONDS: '1', FLEET_SHARDS: '1' },
})
const { admin } = app.database
const ofNode = (uid: string) => broker.published.filter(({ topic }) => topic.includes(`/${uid}/`))

async function stateOf(regulator: number): Promise<string> {
  const { rows } = await admin.query('select state from fleet.commands where regulator_id = $1', [regulator])
  return rows[0]?.state ?? 'none'
}

it('a dose goes to its node, not retained, and again in each cycle until the node acknowledges it', async () => {
  const { zone, pumpUid, regulator } = await givenRegulated(admin)
  expect(await app.scheduled('* * * * *')).toMatchObject({ outcome: 'ok' })
  await expect.poll(() => ofNode(pumpUid).length, soon).toBeGreaterThan(1)
  const [first, second] = ofNode(pumpUid)
  expect(first).toMatchObject({
    topic: expect.stringMatching(new RegExp(`^greenhouse/\\d+/${zone}/${pumpUid}/command$`)),
    retain: false,
    qos: 1,
    payload: { kind: 'dose', nodeUid: pumpUid, zoneId: zone, state: 'SENT', epoch: 1 },
  })
  expect(second?.payload).toEqual(first?.payload)
  await admin.query("update fleet.commands set state = 'ACK', acked_at = now() where regulator_id = $1", [
    regulator,
  ])
  const sent = ofNode(pumpUid).length
  // A cycle that read it before may send it once more. The command of another node shows that cycles went on.
  const later = await givenRegulated(admin)
  await expect.poll(() => ofNode(later.pumpUid).length, soon).toBeGreaterThan(1)
  expect(ofNode(pumpUid).length).toBeLessThanOrEqual(sent + 1)
})

it('a dose waits in its queue while the broker is out', async () => {
  broker.refuse(true)
  const { pumpUid, regulator } = await givenRegulated(admin)
  await expect.poll(() => stateOf(regulator), soon).toBe('QUEUED')
  expect(ofNode(pumpUid)).toEqual([])
  broker.refuse(false)
  await expect.poll(() => ofNode(pumpUid).length, soon).toBeGreaterThan(0)
  expect(await stateOf(regulator)).toBe('SENT')
})

it('many commands wait for a slow broker at once, so that all are sent before the next cycle', async () => {
  const pumps = await Promise.all(Array.from({ length: 40 }, () => givenRegulated(admin)))
  broker.slow(250)
  await expect.poll(() => broker.mostAtOnce(), soon).toBeGreaterThan(5)
  await expect.poll(() => pumps.every(({ pumpUid }) => ofNode(pumpUid).length > 0), soon).toBe(true)
  expect(broker.mostAtOnce()).toBeLessThanOrEqual(50)
})
