import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { givenHouse } from '../support/given.ts'
import { bearer, insist, tally } from '../support/http.ts'

const app = await freshWorker()
const house = await givenHouse(app)
const say = (body: object, key?: string) =>
  house.gate.post('/nodes/hello', { body, ...(key !== undefined && { key }) })

describe('hello', () => {
  it('registers one node when a device says it two hundred times at once, and answers all', async () => {
    const body = { hardwareId: 'esp32-storm', nodeType: 'ph' }
    // All wait for one row. On a busy machine the Worker answers some of them with 503 after two seconds.
    const hello = () => insist(() => say(body))
    const answers = await Promise.all(Array.from({ length: 200 }, hello))
    expect(tally(answers)).toEqual({ 200: 199, 201: 1 })
    expect(new Set(answers.map((one) => one.body['uid'])).size).toBe(1)
    expect(answers.filter((one) => 'credential' in one.body)).toHaveLength(1)
    expect(answers.every(({ trips }) => trips <= 2)).toBe(true)
    const { rows } = await app.database.admin.query(
      `select (select count(*)::int from fleet.nodes where hardware_id = 'esp32-storm') as nodes,
        (select count(*)::int from core.outbox where type = 'node.registered') as events,
        (select count(*)::int from fleet.node_configs) as configs`,
    )
    expect(rows).toEqual([{ nodes: 1, events: 1, configs: 1 }])
  })

  it('keeps the facts that a device does not send again, and raises the version only for new ones', async () => {
    const first = await say({
      hardwareId: 'esp32-facts',
      nodeType: 'ec',
      fwVersion: '1.2.0',
      hardwareRevision: 'B',
      nodeName: 'Bench 4',
    })
    expect(first.status).toBe(201)
    expect(first.headers.get('location')).toBe(`/v1/fleet/nodes/${String(first.body['uid'])}`)
    expect(first.body).toMatchObject({
      lifecycle: 'REGISTERED_BACKEND',
      fwVersion: '1.2.0',
      hardwareRevision: 'B',
      name: 'Bench 4',
      version: 1,
    })
    expect(first.body['uid']).toMatch(/^nd-ec-[0-9a-f]{8}$/)
    const second = await say({ hardwareId: 'esp32-facts', nodeType: 'ec', fwVersion: '1.3.0' })
    expect(second.body).toMatchObject({
      fwVersion: '1.3.0',
      hardwareRevision: 'B',
      name: 'Bench 4',
      version: 2,
    })
    const third = await say({ hardwareId: 'esp32-facts', nodeType: 'ec' })
    expect(third.body).toMatchObject({ version: 2, firstSeenAt: first.body['firstSeenAt'] })
  })

  it('is refused without a hardware id, with an unknown type, and with another type than before', async () => {
    for (const body of [
      { nodeType: 'ph' },
      { hardwareId: 'x', nodeType: 'ph' },
      { hardwareId: 'esp32-1', nodeType: 'toaster' },
    ])
      expect(tally([await say(body)])).toEqual({ '400 validation_failed': 1 })
    await say({ hardwareId: 'esp32-kind', nodeType: 'ph' })
    expect(tally([await say({ hardwareId: 'esp32-kind', nodeType: 'ec' })])).toEqual({ '409 conflict': 1 })
  })

  it('gives the same credential again to a request that is sent again with its key', async () => {
    const body = { hardwareId: 'esp32-keyed', nodeType: 'ph' }
    const first = await say(body, 'hello-1')
    const second = await say(body, 'hello-1')
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    const node = bearer(app, String(second.body['credential']))
    expect((await node.get(`/nodes/${String(first.body['uid'])}`)).status).toBe(200)
  })

  it('takes the next name when another device has the uid, and gives up after five', async () => {
    const { tenantId } = house
    const hex = createHash('sha256').update(`${tenantId}:esp32-taken`).digest('hex').slice(0, 8)
    await app.database.admin.query(
      `insert into fleet.nodes (tenant_id, greenhouse_id, hardware_id, uid, type)
      select $1, $2, 'other-' || n, 'nd-ph-' || $3::text || case n when 1 then '' else '-' || n end, 'ph'
      from generate_series(1, 3) n`,
      [tenantId, house.id, hex],
    )
    const said = await say({ hardwareId: 'esp32-taken', nodeType: 'ph' })
    expect([said.status, said.body['uid']]).toEqual([201, `nd-ph-${hex}-4`])
    await app.database.admin.query(`update fleet.nodes set hardware_id = 'other-4' where uid = $1`, [
      said.body['uid'],
    ])
    await app.database.admin.query(
      `insert into fleet.nodes (tenant_id, greenhouse_id, hardware_id, uid, type) values ($1, $2, 'other-5', $3, 'ph')`,
      [tenantId, house.id, `nd-ph-${hex}-5`],
    )
    expect((await say({ hardwareId: 'esp32-taken', nodeType: 'ph' })).status).toBe(500)
  })
})

describe('a lost credential', () => {
  it('is replaced while it was never used, and refused within five seconds after that', async () => {
    const body = { hardwareId: 'esp32-lost', nodeType: 'ph' }
    const first = await say(body)
    const uid = String(first.body['uid'])
    const again = await say({ ...body, credential: 'lost' })
    expect([again.status, typeof again.body['credential']]).toEqual([200, 'string'])
    const old = bearer(app, String(first.body['credential']))
    const present = bearer(app, String(again.body['credential']))
    expect((await present.get(`/nodes/${uid}`)).status).toBe(200)
    expect(tally([await old.get(`/nodes/${uid}`)])).toEqual({ '401 unauthenticated': 1 })
  })

  it('is not replaced once it was used, unless an operator allows it', async () => {
    const body = { hardwareId: 'esp32-used', nodeType: 'ph' }
    const first = await say(body)
    const uid = String(first.body['uid'])
    const old = bearer(app, String(first.body['credential']))
    expect((await old.get(`/nodes/${uid}/config`)).status).toBe(200)
    expect(tally([await say({ ...body, credential: 'lost' })])).toEqual({ '409 credential_in_use': 1 })
    const { body: node } = await house.tenant.get(`/nodes/${uid}`)
    const allowed = await house.tenant.post(`/nodes/${uid}/reprovision`, { ifMatch: Number(node['version']) })
    expect(allowed.status).toBe(200)
    const renewed = await say({ ...body, credential: 'lost' })
    expect(renewed.status).toBe(200)
    // The isolate has the old generation in its cache, for five seconds at most.
    await expect.poll(async () => (await old.get(`/nodes/${uid}`)).status, soon).toBe(401)
    expect((await bearer(app, String(renewed.body['credential'])).get(`/nodes/${uid}`)).status).toBe(200)
    await app.database.admin.query(
      `update fleet.nodes set reprovision_until = now() - interval '1 second', used_gen = gen where uid = $1`,
      [uid],
    )
    expect(tally([await say({ ...body, credential: 'lost' })])).toEqual({ '409 credential_in_use': 1 })
  })
})

describe('a provisioning token', () => {
  it('says hello and nothing else, and ends with its replacement', async () => {
    const other = await givenHouse(app)
    expect((await other.gate.get('/nodes')).status).toBe(403)
    const { body } = await other.tenant.get(`/greenhouses/${other.id}`)
    expect(Object.keys(body)).not.toContain('provisioningToken')
    const renewed = await other.tenant.post(`/greenhouses/${other.id}/provision`, { ifMatch: 1 })
    expect(renewed.status).toBe(200)
    const hello = { body: { hardwareId: 'esp32-gate', nodeType: 'ph' } }
    expect(tally([await other.gate.post('/nodes/hello', hello)])).toEqual({ '401 unauthenticated': 1 })
    const gate = bearer(app, String(renewed.body['provisioningToken']))
    expect((await gate.post('/nodes/hello', hello)).status).toBe(201)
  })

  it('is replaced anew under a key only if the version is the same', async () => {
    const other = await givenHouse(app)
    const [key, late] = [crypto.randomUUID(), crypto.randomUUID()]
    const provision = (ifMatch: number, under: string) =>
      other.tenant.post(`/greenhouses/${other.id}/provision`, { ifMatch, key: under })
    const answers = [
      await provision(1, key),
      await provision(1, key),
      await provision(2, key),
      await provision(1, late),
      await provision(2, late),
    ]
    expect(answers.map(({ status, body }) => [status, body['code']])).toEqual([
      [200, undefined],
      [200, undefined],
      [422, 'idempotency_key_reused'],
      [412, 'version_mismatch'],
      [422, 'idempotency_key_reused'],
    ])
  })

  it('registers nothing once it was replaced, also while an isolate still knows the old one', async () => {
    const other = await givenHouse(app)
    const hello = { body: { hardwareId: 'esp32-late', nodeType: 'ph' } }
    expect((await other.gate.post('/nodes/hello', hello)).status).toBe(201)
    // Another isolate replaced it: this one has the old generation for a moment.
    await app.database.admin.query('update fleet.greenhouses set gen = gen + 1 where id = $1', [other.id])
    const late = await other.gate.post('/nodes/hello', { body: { ...hello.body, hardwareId: 'esp32-later' } })
    expect(tally([late])).toEqual({ '401 unauthenticated': 1 })
  })
})
