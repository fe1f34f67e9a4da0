import { describe, expect, it } from 'vitest'
import type { Endpoint } from '../../functions/http/endpoint.ts'
import { endpoints } from '../support/system.ts'
import { freshWorker } from '../support/worker.ts'
import { bound, givenHouse, givenNode, givenZone } from './support/given.ts'
import { bearer, type Caller, callerOf } from './support/http.ts'

const app = await freshWorker()
await app.database.admin.query(
  "insert into fleet.metrics (name, unit) values ('ph', 'pH') on conflict do nothing",
)

const range = { metric: 'ph', min: 5.5, max: 6.5 }
const pump = {
  metric: 'ph',
  direction: 'raise',
  nodeType: 'pump',
  dose: 1,
  pulseMs: 500,
  maxRunMs: 500,
  cooldownSeconds: 60,
  budgetHour: 10,
  budgetDay: 50,
}

/** A tenant with one row of each kind that a path or a body can name. */
async function given() {
  const house = await givenHouse(app)
  const zone = await givenZone(house)
  const device = await givenNode(app, house, 'pump')
  await bound(house, device.uid, zone)
  await house.tenant.patch(`/zones/${zone}`, { body: { mode: 'manual' }, ifMatch: 1 })
  const ordered = await house.tenant.post(`/zones/${zone}/commands`, {
    body: { nodeUid: device.uid, kind: 'on', maxRunMs: 1_000 },
  })
  const target = await house.tenant.post(`/zones/${zone}/targets`, { body: range })
  const regulator = await house.tenant.post('/regulators', { body: { ...pump, zoneId: zone } })
  return {
    house,
    zone,
    device,
    command: Number(ordered.body['id']),
    target: Number(target.body['id']),
    regulator: Number(regulator.body['id']),
  }
}

type Given = Awaited<ReturnType<typeof given>>

const victim = await given()
const stranger = await given()

const series = 'metric=ph&from=2026-11-27T00:00:00Z&to=2026-11-27T01:00:00Z'

/** Requests that would be in order for the victim's own callers, by method and path of the endpoint. */
const requests: Record<
  string,
  { path: (of: Given) => string; body?: (of: Given) => object; ifMatch?: true }
> = {
  'get /greenhouses/{id}': { path: ({ house }) => `/greenhouses/${house.id}` },
  'patch /greenhouses/{id}': {
    path: ({ house }) => `/greenhouses/${house.id}`,
    body: () => ({ name: 'Mine' }),
    ifMatch: true,
  },
  'post /greenhouses/{id}/provision': {
    path: ({ house }) => `/greenhouses/${house.id}/provision`,
    ifMatch: true,
  },
  'post /zones': { path: () => '/zones', body: ({ house }) => ({ greenhouseId: house.id, name: 'Mine' }) },
  'get /zones/{id}': { path: ({ zone }) => `/zones/${zone}` },
  'get /zones/{id}/now': { path: ({ zone }) => `/zones/${zone}/now` },
  'patch /zones/{id}': {
    path: ({ zone }) => `/zones/${zone}`,
    body: () => ({ mode: 'auto' }),
    ifMatch: true,
  },
  'get /nodes/{uid}': { path: ({ device }) => `/nodes/${device.uid}` },
  'patch /nodes/{uid}': {
    path: ({ device }) => `/nodes/${device.uid}`,
    body: () => ({ name: 'Mine' }),
    ifMatch: true,
  },
  'put /nodes/{uid}/zone': {
    path: ({ device }) => `/nodes/${device.uid}/zone`,
    body: ({ zone }) => ({ zoneId: zone }),
    ifMatch: true,
  },
  'delete /nodes/{uid}/zone': { path: ({ device }) => `/nodes/${device.uid}/zone`, ifMatch: true },
  'post /nodes/{uid}/swap': {
    path: ({ device }) => `/nodes/${device.uid}/swap`,
    body: ({ device }) => ({ with: device.uid }),
  },
  'post /nodes/{uid}/reprovision': {
    path: ({ device }) => `/nodes/${device.uid}/reprovision`,
    ifMatch: true,
  },
  'post /nodes/{uid}/decommission': {
    path: ({ device }) => `/nodes/${device.uid}/decommission`,
    ifMatch: true,
  },
  'get /nodes/{uid}/config': { path: ({ device }) => `/nodes/${device.uid}/config` },
  'put /nodes/{uid}/config': {
    path: ({ device }) => `/nodes/${device.uid}/config`,
    body: () => ({ settings: { mine: true } }),
    ifMatch: true,
  },
  'post /nodes/{uid}/config/report': {
    path: ({ device }) => `/nodes/${device.uid}/config/report`,
    body: () => ({ version: 1, outcome: 'applied' }),
  },
  'post /zones/{id}/commands': {
    path: ({ zone }) => `/zones/${zone}/commands`,
    body: ({ device }) => ({ nodeUid: device.uid, kind: 'on', maxRunMs: 1_000 }),
  },
  'get /zones/{id}/commands': { path: ({ zone }) => `/zones/${zone}/commands` },
  'get /zones/{id}/telemetry/latest': { path: ({ zone }) => `/zones/${zone}/telemetry/latest` },
  'get /zones/{id}/telemetry': { path: ({ zone }) => `/zones/${zone}/telemetry?${series}` },
  'get /zones/{id}/telemetry.csv': { path: ({ zone }) => `/zones/${zone}/telemetry.csv?${series}` },
  'get /zones/{id}/telemetry.ndjson': { path: ({ zone }) => `/zones/${zone}/telemetry.ndjson?${series}` },
  'get /nodes/{uid}/calibrations': { path: ({ device }) => `/nodes/${device.uid}/calibrations` },
  'post /nodes/{uid}/calibrations': {
    path: ({ device }) => `/nodes/${device.uid}/calibrations`,
    body: () => ({ metric: 'ph', from: '2026-11-27T00:00:00Z', gain: 2 }),
  },
  'post /nodes/{uid}/commands/take': {
    path: ({ device }) => `/nodes/${device.uid}/commands/take`,
    body: () => ({}),
  },
  'post /zones/{id}/targets': {
    path: ({ zone }) => `/zones/${zone}/targets`,
    body: () => ({ ...range, from: '01:00', until: '02:00' }),
  },
  'get /zones/{id}/targets': { path: ({ zone }) => `/zones/${zone}/targets` },
  'get /zones/{id}/decisions': { path: ({ zone }) => `/zones/${zone}/decisions` },
  'get /targets/{id}': { path: ({ target }) => `/targets/${target}` },
  'patch /targets/{id}': {
    path: ({ target }) => `/targets/${target}`,
    body: () => ({ max: 9 }),
    ifMatch: true,
  },
  'post /regulators': {
    path: () => '/regulators',
    body: ({ zone }) => ({ ...pump, zoneId: zone, direction: 'lower' }),
  },
  'get /regulators/{id}': { path: ({ regulator }) => `/regulators/${regulator}` },
  'post /regulators/{id}/simulate': {
    path: ({ regulator }) => `/regulators/${regulator}/simulate`,
    body: () => ({ change: { dose: 2 }, from: '2026-01-01T00:00:00Z', to: '2026-01-01T01:00:00Z' }),
  },
  'patch /regulators/{id}': {
    path: ({ regulator }) => `/regulators/${regulator}`,
    body: () => ({ enabled: false }),
    ifMatch: true,
  },
  'post /commands/{id}/ack': {
    path: ({ command }) => `/commands/${command}/ack`,
    body: () => ({ state: 'DONE' }),
  },
}

/** Lists of the caller’s own rows, and requests whose path names no row. */
const ownOnly = new Set([
  'post /greenhouses',
  'get /greenhouses',
  'get /zones',
  'get /overview',
  'get /nodes',
  'get /regulators',
  'get /cycles',
  'get /alerts',
  // test/fleet/alerts acknowledges as another tenant.
  'post /alerts/{id}/ack',
  'post /nodes/hello',
  'post /telemetry',
  'get /telemetry/accounting',
  'get /telemetry/rejects',
  'post /telemetry/rejects/replay',
])

const mine = endpoints.filter(({ tag }) => tag === 'fleet')
const nameOf = ({ method, path }: Endpoint) => `${method} ${path.replace('/v1/fleet', '')}`

/** Every row of the victim, so that a change of any of them shows. */
async function rowsOf(tenantId: number): Promise<unknown> {
  const tables = [
    'greenhouses',
    'nodes',
    'zones',
    'zone_slots',
    'zone_bindings',
    'node_configs',
    'commands',
    'zone_targets',
    'regulators',
  ]
  const parts = tables.map(
    (table) => `select '${table}' as table, to_jsonb(t) as row from fleet.${table} t where tenant_id = $1`,
  )
  const { rows } = await app.database.admin.query(`${parts.join(' union all ')} order by 1, 2`, [tenantId])
  return rows
}

function send(caller: Caller, name: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const request = requests[name]
  const [method = ''] = name.split(' ')
  if (request === undefined) throw new Error(`No request for ${name}`)
  return caller[method as keyof Caller](request.path(victim), {
    ...(request.body && { body: request.body(victim) }),
    ...(request.ifMatch && { ifMatch: 1 }),
  })
}

describe('the requests of this test', () => {
  it('cover every route of the row that names something', () => {
    const names = mine.map(nameOf).filter((name) => !ownOnly.has(name))
    expect(names.filter((name) => !(name in requests))).toEqual([])
  })
})

describe.each(Object.keys(requests))('%s', (name) => {
  it('finds nothing of another tenant, and changes nothing', async () => {
    const endpoint = mine.find((one) => nameOf(one) === name)
    const roles = endpoint?.roles === 'public' ? [] : (endpoint?.roles ?? [])
    const before = await rowsOf(victim.house.tenantId)
    const strangers: [role: string, caller: Caller][] = [
      ['tenant', stranger.house.tenant],
      ['node', stranger.device.node],
      ['greenhouse', stranger.house.gate],
      ['admin', await callerOf(app, 'admin', stranger.house.tenantId)],
    ]
    for (const [role, caller] of strangers) {
      const { status } = await send(caller, name)
      expect([role, status]).toEqual([role, roles.some((one) => one === role) ? 404 : 403])
    }
    expect(await rowsOf(victim.house.tenantId)).toEqual(before)
  })
})

describe('a node', () => {
  it('sees itself and no other node of its tenant', async () => {
    const sibling = await givenNode(app, victim.house)
    expect((await sibling.node.get(`/nodes/${sibling.uid}`)).status).toBe(200)
    for (const path of [`/nodes/${victim.device.uid}`, `/nodes/${victim.device.uid}/config`])
      expect((await sibling.node.get(path)).status).toBe(404)
    expect((await sibling.node.get('/nodes')).status).toBe(403)
  })

  it('is known only with a token of the API', async () => {
    const forged = await app.token('tenant', 'x', victim.house.tenantId)
    expect((await bearer(app, `${forged}x`).get('/nodes')).status).toBe(401)
  })
})

describe('a list', () => {
  it('has the rows of the caller’s tenant only', async () => {
    for (const path of ['/greenhouses', '/zones', '/overview', '/nodes']) {
      const own = await stranger.house.tenant.get(path)
      expect([path, (own.body['data'] as unknown[]).length]).toEqual([path, 1])
    }
    const all = await callerOf(app, 'admin')
    expect(((await all.get('/greenhouses')).body['data'] as unknown[]).length).toBe(2)
  })
})

describe('the fence of the database', () => {
  it('shows nothing to a transaction that names no tenant, and holds for each table with a tenant', async () => {
    const worker = await app.database.connect(app.database.workerUrl)
    expect((await worker.query('select * from fleet.nodes')).rows).toEqual([])
    const { rows } = await app.database.admin.query(
      `select c.relname from pg_class c
      join pg_namespace s on s.oid = c.relnamespace and s.nspname = 'fleet'
      join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
      where c.relkind in ('r', 'p') and not c.relispartition and not (c.relrowsecurity and c.relforcerowsecurity)`,
    )
    expect(rows).toEqual([])
  })

  it('is what separates the tenants: without it the same request finds the row', async () => {
    await app.database.admin.query('alter table fleet.greenhouses disable row level security')
    try {
      const { house } = victim
      expect((await stranger.house.tenant.get(`/greenhouses/${house.id}`)).status).toBe(200)
    } finally {
      await app.database.admin.query('alter table fleet.greenhouses enable row level security')
    }
  })
})
