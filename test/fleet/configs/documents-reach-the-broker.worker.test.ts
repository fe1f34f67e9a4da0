import { describe, expect, it } from 'vitest'
import { runJob } from '../../support/run-job.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { freshBroker } from '../support/broker.ts'
import { bound, givenHouse, givenNode, givenZone } from '../support/given.ts'

const broker = await freshBroker()
const app = await freshWorker({ bindings: { MQTT_URL: broker.url } })
const house = await givenHouse(app)
const publish = () => runJob(app, 'fleet-publisher')
const ofNode = (uid: string) => broker.published.filter(({ topic }) => topic.includes(`/${uid}/`))

async function versions(uid: string) {
  const { rows } = await app.database.admin.query(
    `select c.desired_version as desired, c.published_version as published, c.claimed_until as claim
    from fleet.node_configs c join fleet.nodes n on n.id = c.node_id where n.uid = $1`,
    [uid],
  )
  return rows[0]
}

describe('a configuration', () => {
  it('is published once, retained, and again only after a change', async () => {
    const { uid } = await givenNode(app, house)
    const zoneId = await givenZone(house)
    await bound(house, uid, zoneId)
    await publish()
    await publish()
    const topic = `greenhouse/${house.id}/${zoneId}/${uid}/config`
    expect(ofNode(uid)).toEqual([
      { topic, retain: true, qos: 1, payload: expect.objectContaining({ uid, version: 2, zoneId }) },
    ])
    await house.tenant.put(`/nodes/${uid}/config`, { body: { settings: { interval: 5 } }, ifMatch: 2 })
    await publish()
    expect(ofNode(uid)).toHaveLength(2)
    expect(ofNode(uid).at(-1)).toMatchObject({
      retain: true,
      payload: { version: 3, settings: { interval: 5 } },
    })
    expect(await versions(uid)).toEqual({ desired: 3, published: 3, claim: null })
    await expect.poll(() => broker.connections(), soon).toBe(0)
  })

  it('waits while the broker is out, and is published when it is back', async () => {
    const { uid } = await givenNode(app, house)
    broker.refuse(true)
    await app.scheduled('* * * * *')
    broker.refuse(false)
    expect(await versions(uid)).toMatchObject({ desired: 1, published: 0 })
    const { rows } = await app.database.admin.query(
      `select outcome, error from core.job_runs where job = 'fleet-publisher' order by id desc limit 1`,
    )
    expect(rows).toEqual([{ outcome: 'failed', error: expect.stringContaining('broker') }])
    await publish()
    expect(ofNode(uid)).toHaveLength(1)
  })

  it('is left to the publisher that claimed it, for ten seconds', async () => {
    const { uid } = await givenNode(app, house)
    const claim = (until: string) =>
      app.database.admin.query(
        `update fleet.node_configs c set claimed_until = now() + $2::interval
        from fleet.nodes n where n.id = c.node_id and n.uid = $1`,
        [uid, until],
      )
    await claim('10 seconds')
    await publish()
    expect(ofNode(uid)).toEqual([])
    await claim('-1 second')
    await publish()
    expect(ofNode(uid)).toHaveLength(1)
  })
})
