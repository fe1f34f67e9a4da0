import { describe, expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { bound, givenHouse, givenNode, givenZone } from '../support/given.ts'
import { tally } from '../support/http.ts'

const app = await freshWorker()
const house = await givenHouse(app)
const { tenant } = house

async function given() {
  const device = await givenNode(app, house)
  const path = `/nodes/${device.uid}/config`
  return {
    ...device,
    path,
    put: (settings: object, ifMatch: number) => tenant.put(path, { body: { settings }, ifMatch }),
    fetch: (ifNoneMatch?: string) => device.node.get(path, ifNoneMatch === undefined ? {} : { ifNoneMatch }),
    report: (body: object) => device.node.post(`${path}/report`, { body }),
    state: async () => (await tenant.get(`/nodes/${device.uid}`)).body['config'],
  }
}

describe('the configuration of a node', () => {
  it('is fetched whole with an ETag, and not again while it is the same', async () => {
    const { put, fetch, uid } = await given()
    await put({ interval: 30, wifiPassword: { configured: true } }, 1)
    const first = await fetch()
    expect(first.status).toBe(200)
    expect(first.headers.get('etag')).toBe('"2"')
    expect(first.trips).toBeLessThanOrEqual(2)
    expect(first.body).toMatchObject({
      uid,
      version: 2,
      zoneId: null,
      settings: { interval: 30, wifiPassword: { configured: true } },
    })
    expect((await fetch('"2"')).status).toBe(304)
    expect((await fetch('"1"')).status).toBe(200)
  })

  it('holds no secret', async () => {
    const { put } = await given()
    expect(tally([await put({ mqttPassword: 'hunter2' }, 1)])).toEqual({ '400 validation_failed': 1 })
    const nested = await put({ networks: [{ ssid: 'a', password: 'hunter2' }] }, 1)
    expect([nested.status, nested.body['errors']]).toEqual([
      400,
      [expect.objectContaining({ path: 'settings.networks.0.password' })],
    ])
    expect((await put({ networks: [{ ssid: 'a', password: { configured: true } }] }, 1)).status).toBe(200)
  })

  it('is changed by one of two operators that read the same version', async () => {
    const { put } = await given()
    const answers = await Promise.all([put({ interval: 10 }, 1), put({ interval: 20 }, 1)])
    expect(tally(answers)).toEqual({ 200: 1, '412 version_mismatch': 1 })
  })

  it('drifts from its change until the node has applied it, and each change is one event', async () => {
    const { put, report, state, uid } = await given()
    const drift = async () => ((await state()) as { driftSeconds: number | null }).driftSeconds
    await report({ version: 1, outcome: 'applied' })
    expect(await state()).toMatchObject({ driftSeconds: null, reportedVersion: 1 })
    await put({ interval: 10 }, 1)
    await put({ interval: 20 }, 2)
    await app.database.admin.query(
      `update fleet.node_configs c set drifted_at = drifted_at - interval '90 seconds'
      from fleet.nodes n where n.id = c.node_id and n.uid = $1`,
      [uid],
    )
    expect(await state()).toMatchObject({ desiredVersion: 3, reportedVersion: 1 })
    expect(await drift()).toBeGreaterThanOrEqual(90)
    const drifting = await tenant.get('/nodes?drift=true')
    expect((drifting.body['data'] as { uid: string }[]).map((one) => one.uid)).toContain(uid)
    const late = await report({ version: 2, outcome: 'applied' })
    expect(late.body).toEqual({ version: 2, desiredVersion: 3, outcome: 'superseded', offered: true })
    expect(await state()).toMatchObject({ reportedVersion: 2, outcome: 'superseded' })
    expect(await drift()).toBeGreaterThanOrEqual(90)
    expect((await report({ version: 3, outcome: 'applied' })).body['outcome']).toBe('applied')
    expect(await state()).toMatchObject({ reportedVersion: 3, driftSeconds: null })
    const { rows } = await app.database.admin.query(
      `select data ->> 'desiredVersion' as version from core.outbox
      where type = 'node.config_changed' and subject = 'node:' || $1 order by xid, seq`,
      [uid],
    )
    expect(rows).toEqual([{ version: '2' }, { version: '3' }])
  })

  it('is offered three times when the node rejects it, then not, until it changes', async () => {
    const { fetch, report, put } = await given()
    const rejected = { version: 1, outcome: 'rejected', reason: 'interval too short' }
    for (const offered of [true, true, false])
      expect((await report(rejected)).body).toMatchObject({ outcome: 'rejected', offered })
    expect((await fetch()).status).toBe(204)
    await put({ interval: 60 }, 1)
    expect((await fetch()).status).toBe(200)
    expect((await report({ version: 2, outcome: 'applied' })).body['outcome']).toBe('applied')
  })

  it('is not offered during a local override, and again after it', async () => {
    const { fetch, report, uid } = await given()
    const until = new Date(Date.now() + 3_600_000).toISOString()
    const said = await report({ version: 1, outcome: 'local_override', until })
    expect(said.body).toMatchObject({ outcome: 'local_override', offered: false })
    expect((await fetch()).status).toBe(204)
    await app.database.admin.query(
      `update fleet.node_configs c set override_until = now() from fleet.nodes n where n.id = c.node_id and n.uid = $1`,
      [uid],
    )
    expect((await fetch()).status).toBe(200)
  })

  it('is refused in the name of a version that was never desired', async () => {
    const { report } = await given()
    expect(tally([await report({ version: 9, outcome: 'applied' })])).toEqual({ '422 unprocessable': 1 })
  })

  it('changes when the node enters a zone, and the first contact after that makes it active', async () => {
    const { fetch, uid, report } = await given()
    const zoneId = await givenZone(house)
    await bound(house, uid, zoneId)
    expect((await tenant.get(`/nodes/${uid}`)).body).toMatchObject({ lifecycle: 'ASSIGNED_TO_ZONE', zoneId })
    expect((await fetch()).body).toMatchObject({ version: 2, zoneId })
    expect((await tenant.get(`/nodes/${uid}`)).body['lifecycle']).toBe('ACTIVE')
    const channels = [
      { channel: 'ph', kind: 'sensor', metric: 'ph' },
      { channel: 'acid', kind: 'actuator' },
    ]
    await report({ version: 2, outcome: 'applied', channels })
    await report({ version: 2, outcome: 'applied', channels: channels.slice(0, 1) })
    const { rows } = await app.database.admin.query(
      `select channel, kind, metric from fleet.channels k join fleet.nodes n on n.id = k.node_id where n.uid = $1`,
      [uid],
    )
    expect(rows).toEqual([{ channel: 'ph', kind: 'sensor', metric: 'ph' }])
  })
})
