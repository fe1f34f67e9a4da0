import { describe, expect, it } from 'vitest'
import { runJob } from '../../support/run-job.ts'
import { freshWorker } from '../../support/worker.ts'
import { bound, givenHouse, givenNode, givenZone, type House } from '../support/given.ts'
import { tally } from '../support/http.ts'

const app = await freshWorker()
const house = await givenHouse(app)
const { tenant } = house

const put = (uid: string, zoneId: number, ifMatch = 1) =>
  tenant.put(`/nodes/${uid}/zone`, { body: { zoneId }, ifMatch })

async function nodesIn(zoneId: number): Promise<unknown> {
  return ((await tenant.get(`/zones/${zoneId}`)).body['nodes'] as { uid: string }[]).map(({ uid }) => uid)
}

describe('two nodes of a type that enter one zone at once', () => {
  it('are one node in the zone and one refusal that names it', async () => {
    const zones = await Promise.all(Array.from({ length: 5 }, (_, nth) => givenZone(house, `Race ${nth}`)))
    const pair = [await givenNode(app, house), await givenNode(app, house)]
    const outcomes: Record<string, number> = {}
    const version = new Map(pair.map(({ uid }) => [uid, 1]))
    for (let round = 0; round < 20; round += 1) {
      const zoneId = zones[round % zones.length] ?? 0
      const answers = await Promise.all(pair.map(({ uid }) => put(uid, zoneId, version.get(uid))))
      const inside = await app.database.admin.query(
        'select n.uid, n.version from fleet.zone_slots s join fleet.nodes n on n.id = s.node_id where s.zone_id = $1',
        [zoneId],
      )
      expect(inside.rows).toHaveLength(1)
      const [{ uid }] = inside.rows
      expect(answers.filter(({ status }) => status === 409).map(({ body }) => body['nodeUid'])).toEqual([uid])
      for (const [kind, n] of Object.entries(tally(answers))) outcomes[kind] = (outcomes[kind] ?? 0) + n
      version.set(uid, inside.rows[0].version + 1)
      const left = await tenant.delete(`/nodes/${uid}/zone`, { ifMatch: inside.rows[0].version })
      expect(left.status).toBe(200)
    }
    expect(outcomes).toEqual({ 200: 20, '409 zone_has_node_of_type': 20 })
  })
})

describe('a node', () => {
  it('is changed by one of two writers that read the same version', async () => {
    const { uid } = await givenNode(app, house)
    const write = (name: string) => tenant.patch(`/nodes/${uid}`, { body: { name }, ifMatch: 1 })
    expect(tally(await Promise.all([write('A'), write('B')]))).toEqual({ 200: 1, '412 version_mismatch': 1 })
    expect(tally([await tenant.patch(`/nodes/${uid}`, { body: { name: 'C' } })])).toEqual({
      '428 version_required': 1,
    })
  })

  it('moves to another zone with its history, and only within its greenhouse', async () => {
    const { uid } = await givenNode(app, house, 'ec')
    const [from, to] = [await givenZone(house), await givenZone(house)]
    expect((await put(uid, from)).body).toMatchObject({
      zoneId: from,
      lifecycle: 'ASSIGNED_TO_ZONE',
      version: 2,
    })
    expect((await put(uid, to, 2)).body).toMatchObject({ zoneId: to, version: 3 })
    expect([await nodesIn(from), await nodesIn(to)]).toEqual([[], [uid]])
    const { rows } = await app.database.admin.query(
      `select b.zone_id::int as zone, b.until_at is null as open, b.from_at < now() - interval '29 days' as earlier
      from fleet.zone_bindings b
      join fleet.nodes n on n.id = b.node_id where n.uid = $1 order by b.id`,
      [uid],
    )
    expect(rows).toEqual([
      // The first zone also has what the node measured before it was placed.
      { zone: from, open: false, earlier: true },
      { zone: to, open: true, earlier: false },
    ])
    const elsewhere: House = await givenHouse(app, house.tenantId)
    expect(tally([await put(uid, await givenZone(elsewhere), 3)])).toEqual({ '422 unprocessable': 1 })
    expect(tally([await put(uid, 999_999, 3)])).toEqual({ '404 not_found': 1 })
    const out = await tenant.delete(`/nodes/${uid}/zone`, { ifMatch: 3 })
    expect(out.body).toMatchObject({ zoneId: null, lifecycle: 'REGISTERED_BACKEND' })
    expect(tally([await tenant.delete(`/nodes/${uid}/zone`, { ifMatch: 4 })])).toEqual({
      '409 illegal_transition': 1,
    })
  })

  it('that is decommissioned frees its slot, and is refused from then on', async () => {
    const zoneId = await givenZone(house)
    const { uid, node } = await givenNode(app, house)
    await bound(house, uid, zoneId)
    const before = (await tenant.get(`/nodes/${uid}/config`)).body
    const retired = await tenant.post(`/nodes/${uid}/decommission`, { ifMatch: 2 })
    expect(retired.body).toMatchObject({ lifecycle: 'DECOMMISSIONED', zoneId: null })
    // Its configuration names the zone, so its version rises, too: 304 would keep the old zone.
    expect(before).toMatchObject({ zoneId })
    expect((await tenant.get(`/nodes/${uid}/config`)).body).toMatchObject({
      zoneId: null,
      version: Number(before['version']) + 1,
    })
    expect(tally([await node.get(`/nodes/${uid}`)])).toEqual({ '401 unauthenticated': 1 })
    expect(await nodesIn(zoneId)).toEqual([])
    expect(tally([await put(uid, zoneId, 3)])).toEqual({ '409 illegal_transition': 1 })
    expect(tally([await tenant.post(`/nodes/${uid}/decommission`, { ifMatch: 3 })])).toEqual({
      '409 illegal_transition': 1,
    })
  })

  it('in maintenance returns at its end, and a silent one is degraded until its next contact', async () => {
    const { uid, node } = await givenNode(app, house)
    await bound(house, uid, await givenZone(house))
    await node.get(`/nodes/${uid}/config`)
    const until = new Date(Date.now() + 60_000).toISOString()
    const state = async () => (await tenant.get(`/nodes/${uid}`)).body['lifecycle']
    const { body } = await tenant.get(`/nodes/${uid}`)
    expect(body['lifecycle']).toBe('ACTIVE')
    const change = { body: { maintenanceUntil: until }, ifMatch: Number(body['version']) }
    expect((await tenant.patch(`/nodes/${uid}`, change)).body['lifecycle']).toBe('MAINTENANCE')
    await app.database.admin.query('update fleet.nodes set maintenance_until = now() where uid = $1', [uid])
    await runJob(app, 'fleet-silence')
    expect(await state()).toBe('ASSIGNED_TO_ZONE')
    await node.get(`/nodes/${uid}/config`)
    await app.database.admin.query(
      `update fleet.nodes set last_seen_at = now() - interval '11 minutes' where uid = $1`,
      [uid],
    )
    await runJob(app, 'fleet-silence')
    expect(await state()).toBe('DEGRADED')
    const stale = await tenant.get('/nodes?stale=true&state=DEGRADED')
    expect((stale.body['data'] as { uid: string }[]).map((one) => one.uid)).toEqual([uid])
    await node.get(`/nodes/${uid}/config`)
    expect(await state()).toBe('ACTIVE')
  })
})

describe('a swap', () => {
  it('is one node in the zone at every moment, under swaps in both directions', async () => {
    const zoneId = await givenZone(house)
    const nodes = await Promise.all(Array.from({ length: 4 }, () => givenNode(app, house)))
    await bound(house, nodes[0]?.uid ?? '', zoneId)
    let swapping = true
    const seen = new Map<number, number>()
    const watching = (async () => {
      const client = await app.database.connect()
      while (swapping) {
        const { rows } = await client.query(
          'select count(*)::int as n from fleet.zone_slots where zone_id = $1',
          [zoneId],
        )
        seen.set(rows[0].n, (seen.get(rows[0].n) ?? 0) + 1)
      }
    })()
    const uids = nodes.map(({ uid }) => uid)
    const answers = await Promise.all(
      uids.flatMap((from) =>
        uids
          .filter((to) => to !== from)
          .flatMap((to) =>
            Array.from({ length: 4 }, () => tenant.post(`/nodes/${from}/swap`, { body: { with: to } })),
          ),
      ),
    )
    swapping = false
    await watching
    expect([...seen.keys()]).toEqual([1])
    const kinds = tally(answers)
    expect(
      Object.keys(kinds).filter((kind) => !/^(200|409 illegal_transition|503 busy)$/.test(kind)),
    ).toEqual([])
    expect(kinds['200']).toBeGreaterThan(0)
    const { rows } = await app.database.admin.query(
      `select
        (select count(*)::int from fleet.zone_bindings where zone_id = $1 and until_at is null) as open,
        (select count(*)::int from fleet.zone_bindings where zone_id = $1) as bindings,
        (select array_agg(lifecycle order by lifecycle) from fleet.nodes where uid = any ($2)) as states`,
      [zoneId, uids],
    )
    expect(rows).toEqual([
      {
        open: 1,
        bindings: 1 + (kinds['200'] ?? 0),
        states: ['ASSIGNED_TO_ZONE', 'REGISTERED_BACKEND', 'REGISTERED_BACKEND', 'REGISTERED_BACKEND'],
      },
    ])
  })

  it('ends a binding that began while the swap waited for its lock', async () => {
    const zoneId = await givenZone(house)
    const [old, other] = [await givenNode(app, house), await givenNode(app, house)]
    await bound(house, old.uid, zoneId)
    await app.database.admin.query(
      `update fleet.zone_bindings set from_at = now() + interval '1 second' where zone_id = $1`,
      [zoneId],
    )
    expect(tally([await tenant.post(`/nodes/${old.uid}/swap`, { body: { with: other.uid } })])).toEqual({
      200: 1,
    })
    expect(await nodesIn(zoneId)).toEqual([other.uid])
  })

  it('needs a free node of the same type and greenhouse', async () => {
    const zoneId = await givenZone(house)
    const [here, other] = [await givenNode(app, house), await givenNode(app, house, 'ec')]
    await bound(house, here.uid, zoneId)
    const swap = (from: string, to: string) => tenant.post(`/nodes/${from}/swap`, { body: { with: to } })
    expect(tally([await swap(here.uid, other.uid)])).toEqual({ '422 unprocessable': 1 })
    expect(tally([await swap(here.uid, 'nd-ph-00000000')])).toEqual({ '404 not_found': 1 })
    const foreign = await givenNode(app, await givenHouse(app))
    expect(tally([await swap(here.uid, foreign.uid)])).toEqual({ '404 not_found': 1 })
    const elsewhere = await givenNode(app, house)
    await bound(house, elsewhere.uid, await givenZone(house))
    expect(await swap(here.uid, elsewhere.uid)).toMatchObject({
      status: 409,
      body: { code: 'illegal_transition', detail: 'The other node must be free' },
    })
    const free = await givenNode(app, house)
    expect(tally([await swap(free.uid, here.uid)])).toEqual({ '409 illegal_transition': 1 })
    expect((await swap(here.uid, free.uid)).body).toMatchObject({
      removed: { uid: here.uid, zoneId: null },
      placed: { uid: free.uid, zoneId },
    })
  })
})
