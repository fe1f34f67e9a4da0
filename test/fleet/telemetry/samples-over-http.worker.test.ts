import { gzipSync } from 'node:zlib'
import { afterEach, expect, it } from 'vitest'
import type {
  Accounting,
  LatestValue,
  Received,
  Reject,
  ReplayedRejects,
} from '../../../functions/fleet/telemetry/contract.ts'
import type { ZoneOverview } from '../../../functions/fleet/zones/contract.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { givenNode } from '../support/samples.ts'

const app = await freshWorker()
afterEach(() => app.faults.clear())
const tenant = `Bearer ${await app.token('tenant', 't', 1)}`
const admin = `Bearer ${await app.token('admin', 'a')}`

async function call<Answer>(
  path: string,
  {
    token = tenant,
    headers: more = {},
    ...init
  }: Omit<RequestInit, 'headers'> & { token?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: Answer }> {
  const headers = { authorization: token, 'content-type': 'application/json', ...more }
  const response = await app.fetch(`/v1/fleet${path}`, { ...init, headers })
  return { status: response.status, body: (await response.json()) as Answer }
}

const post = <Answer>(path: string, body: unknown, token = tenant) =>
  call<Answer>(path, { method: 'POST', body: JSON.stringify(body), token })

const given = (options: Parameters<typeof givenNode>[1] = {}) =>
  givenNode({ database: app.database }, options)

it('stores samples that come as JSON, NDJSON and gzip, and shows the newest values of the zone', async () => {
  const { uid, zoneId } = await given()
  const at = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString()
  const sample = (metric: string, value: number, seconds: number) => ({
    nodeUid: uid,
    metric,
    ts: at(seconds),
    value,
  })
  const node = `Bearer ${await app.token('node', uid, 1)}`
  const plain = await post<Received>('/telemetry', { samples: [sample('ph', 6.1, 30)] }, node)
  expect(plain).toMatchObject({ status: 202, body: { received: 1, thinned: 0, rejected: [] } })
  const twice = sample('ph', 6.2, 20)
  const lines = [twice, sample('co2', 400, 20)].map((one) => JSON.stringify(one))
  const ndjson = await call<Received>('/telemetry?bootId=b&seq=0', {
    method: 'POST',
    token: node,
    headers: { 'content-type': 'application/x-ndjson' },
    body: [...lines, `{"nodeUid":"${uid}","metric":"ph","value":nan}`].join('\n'),
  })
  expect(ndjson).toMatchObject({
    status: 202,
    body: { received: 3, rejected: [{ index: 2, reason: 'not_a_number' }] },
  })
  const gzip = await call<Received>('/telemetry', {
    method: 'POST',
    headers: { 'content-encoding': 'gzip' },
    body: gzipSync(JSON.stringify({ samples: [sample('ph', 6.3, 10), twice] })),
  })
  expect(gzip.status).toBe(202)

  const latest = () => call<{ data: LatestValue[] }>(`/zones/${zoneId}/telemetry/latest`)
  await expect
    .poll(async () => (await latest()).body.data.map(({ metric, value }) => [metric, value]), soon)
    .toEqual([
      ['co2', 400],
      ['ph', 6.3],
    ])
  expect((await latest()).body.data[1]).toMatchObject({
    nodeUid: uid,
    quality: 'good',
    stale: false,
    unit: 'pH',
  })
  const target = { metric: 'ph', min: 5.5, max: 6.5 }
  expect((await post(`/zones/${zoneId}/targets`, target)).status).toBe(201)
  const overview = (await call<{ data: ZoneOverview[] }>('/overview')).body
  expect(overview.data.find(({ id }) => id === zoneId)).toMatchObject({
    mode: 'auto',
    values: [
      { metric: 'co2', value: 400, target: null },
      { metric: 'ph', value: 6.3, unit: 'pH', stale: false, nodeUid: uid, target: { min: 5.5, max: 6.5 } },
    ],
    regulators: [],
  })

  const accounting = async (token: string) =>
    (await call<Accounting>('/telemetry/accounting', { token })).body
  await expect.poll(async () => sum(await accounting(admin), 'received'), soon).toBe(6)
  expect(sum(await accounting(admin), 'duplicate')).toBe(1)
  expect(sum(await accounting(tenant), 'received')).toBe(6)
  expect(sum(await accounting(`Bearer ${await app.token('tenant', 't', 2)}`), 'received')).toBe(0)
  const { data } = (await call<{ data: Reject[] }>('/telemetry/rejects')).body
  expect(data).toMatchObject([{ reason: 'not_a_number', nodeUid: uid, replayedAt: null }])
})

it.each([
  ['an escaped quote', '\\"'],
  ['an escaped backslash', '\\\\'],
])('refuses a text of a mebibyte without an end at once: %s', async (_what, part) => {
  const { uid } = await given()
  const token = `Bearer ${await app.token('node', uid, 1)}`
  const unended = `"${part.repeat(500_000)}\\`
  const refused = await call('/telemetry', {
    method: 'POST',
    token,
    headers: { 'content-encoding': 'gzip' },
    body: gzipSync(unended),
  })
  expect(refused).toMatchObject({ status: 400, body: { code: 'malformed_json' } })
})

it('stores refused samples once, after their node is known and their times are shifted', async () => {
  const { uid, zoneId } = await given({ tenantId: 3 })
  const token = `Bearer ${await app.token('tenant', 't', 3)}`
  await app.database.admin.query('update fleet.nodes set uid = $1 where uid = $2', ['nd-hidden', uid])
  const samples = [1, 2, 3].map((at) => ({
    nodeUid: uid,
    metric: 'ph',
    ts: new Date(Date.now() - at * 1_000 - 86_400_000 * 40).toISOString(),
    value: 6,
  }))
  const unknown = [4, 5].map((at) => ({
    nodeUid: uid,
    metric: 'ph',
    ts: new Date(Date.now() - at * 1_000).toISOString(),
    value: 6,
  }))
  expect(
    (await post<Received>('/telemetry', { samples: [...samples, ...unknown] }, token)).body.rejected,
  ).toHaveLength(3)
  const rejects = async () => (await call<{ data: Reject[] }>('/telemetry/rejects', { token })).body.data
  await expect
    .poll(async () => (await rejects()).map(({ reason }) => reason).sort(), soon)
    .toEqual(['too_old', 'too_old', 'too_old', 'unknown_node', 'unknown_node'])
  await app.database.admin.query('update fleet.nodes set uid = $1 where uid = $2', [uid, 'nd-hidden'])
  const shifted = { reason: 'too_old', shiftMs: 40 * 86_400_000 }
  const [first, second] = [
    await post<ReplayedRejects>('/telemetry/rejects/replay', shifted, token),
    await post<ReplayedRejects>('/telemetry/rejects/replay', shifted, token),
  ]
  expect(first).toMatchObject({ status: 202, body: { replayed: 3, left: 0, rejected: [] } })
  expect(second.status).toBe(202)
  expect(
    (
      await post<ReplayedRejects>(
        '/telemetry/rejects/replay',
        { nodeUid: uid, reason: 'unknown_node' },
        token,
      )
    ).body.replayed,
  ).toBe(2)
  await expect
    .poll(async () => (await rejects()).filter(({ replayedAt }) => replayedAt === null).length, soon)
    .toBe(0)
  const count = async () =>
    (
      await app.database.admin.query(
        'select count(*)::int as n from fleet.telemetry_samples s join fleet.nodes n on n.id = s.node_id where n.uid = $1',
        [uid],
      )
    ).rows[0].n
  await expect.poll(count, soon).toBe(5)
  expect(
    (await call<{ data: LatestValue[] }>(`/zones/${zoneId}/telemetry/latest`, { token })).body.data,
  ).toHaveLength(1)
})

it('shows, counts and replays nothing of another tenant', async () => {
  const { uid, zoneId } = await given({ tenantId: 5 })
  const other = `Bearer ${await app.token('tenant', 't', 6)}`
  const own = `Bearer ${await app.token('tenant', 't', 5)}`
  await post(
    '/telemetry',
    { samples: [{ nodeUid: uid, metric: 'taste', ts: new Date().toISOString(), value: 6 }] },
    own,
  )
  const rejects = async (token: string) =>
    (await call<{ data: Reject[] }>('/telemetry/rejects', { token })).body.data
  await expect.poll(async () => (await rejects(own)).length, soon).toBe(1)
  expect(await rejects(other)).toEqual([])
  const ids = (await rejects(own)).map(({ id }) => id)
  expect((await post<ReplayedRejects>('/telemetry/rejects/replay', { ids }, other)).body.replayed).toBe(0)
  expect((await call(`/zones/${zoneId}/telemetry/latest`, { token: other })).status).toBe(404)
  expect(sum((await call<Accounting>('/telemetry/accounting', { token: other })).body, 'received')).toBe(0)
  expect(
    (await call('/telemetry/accounting', { token: `Bearer ${await app.token('node', uid, 5)}` })).status,
  ).toBe(403)
})

it('accepts samples while Postgres is away, and stores them when it is back', async () => {
  const { uid, zoneId } = await given()
  const node = `Bearer ${await app.token('node', uid, 1)}`
  const send = (at: number) =>
    post<Received>(
      '/telemetry',
      {
        samples: [
          {
            nodeUid: uid,
            metric: 'co2',
            ts: new Date(Date.now() - 1_000 * (10 - at)).toISOString(),
            value: 400 + at,
          },
        ],
      },
      node,
    )
  expect((await send(0)).status).toBe(202)
  app.faults.set({ refuse: 1 })
  const answers = await Promise.all([1, 2, 3, 4, 5].map(send))
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202])
  await expect.poll(() => app.faults.counts.refuse, soon).toBeGreaterThan(1)
  app.faults.clear()
  const points = async () => {
    const response = await app.fetch(`/v1/fleet/zones/${zoneId}/telemetry?metric=co2&resolution=raw`, {
      headers: { authorization: tenant },
    })
    const body: { data: { last: number }[] } = await response.json()
    return body.data?.map(({ last }) => last)
  }
  await expect.poll(points, { ...soon, timeout: 60_000 }).toEqual([400, 401, 402, 403, 404, 405])
})

it.each([
  [{ samples: [] }, 400],
  [{ samples: [{}], bootId: 'b' }, 400],
  [{ samples: Array.from({ length: 1_001 }, () => ({})) }, 400],
  [{ samples: [{}], more: 1 }, 400],
])('refuses a batch that is no batch: %.40j', async (body, status) => {
  expect((await post('/telemetry', body)).status).toBe(status)
})

function sum({ data }: Accounting, name: 'received' | 'duplicate'): number {
  return data.reduce((total, minute) => total + minute[name], 0)
}
