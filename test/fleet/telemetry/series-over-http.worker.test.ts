import { parse } from 'csv-parse/sync'
import { expect, it } from 'vitest'
import type { Calibration, SeriesPoint } from '../../../functions/fleet/telemetry/contract.ts'
import { runJob } from '../../support/run-job.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { givenNode, type SentSample } from '../support/samples.ts'

const app = await freshWorker()
const { admin } = app.database
const token = `Bearer ${await app.token('tenant', 't', 1)}`
const dayMs = 86_400_000
/** Two days ago, at midnight. */
const start = Math.floor(Date.now() / dayMs) * dayMs - 2 * dayMs
const at = (hours: number) => new Date(start + hours * 3_600_000).toISOString()

const get = (path: string) => app.fetch(`/v1/fleet${path}`, { headers: { authorization: token } })

async function post(path: string, body: unknown): Promise<Response> {
  return app.fetch(`/v1/fleet${path}`, {
    method: 'POST',
    headers: { authorization: token, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function stored(samples: SentSample[]) {
  const count = async () =>
    (await admin.query('select count(*)::int as n from fleet.telemetry_samples')).rows[0].n
  const before = await count()
  expect((await post('/telemetry', { samples })).status).toBe(202)
  await expect.poll(count, soon).toBe(before + samples.length)
}

async function series(zoneId: number, query: string): Promise<SeriesPoint[]> {
  const response = await get(`/zones/${zoneId}/telemetry?${query}`)
  const body: { data: SeriesPoint[] } = await response.json()
  return body.data
}

const given = (options: Parameters<typeof givenNode>[1] = {}) =>
  givenNode({ database: app.database }, options)

it('shows samples, minutes, hours and days of the greenhouse, in pages and as files', async () => {
  const { uid, zoneId } = await given({ timezone: 'Asia/Kolkata' })
  const hourly = Array.from({ length: 24 }, (_, hour) => ({
    nodeUid: uid,
    metric: 'ph',
    ts: at(hour),
    value: 6 + (hour % 4) / 4,
  }))
  await stored(hourly)
  await runJob(app, 'fleet-fold')
  const window = `metric=ph&from=${at(0)}&to=${at(24)}`
  for (const resolution of ['raw', '1m', '1h']) {
    const points = await series(zoneId, `${window}&resolution=${resolution}`)
    expect(
      points.map(({ last, n }) => [last, n]),
      resolution,
    ).toEqual(hourly.map(({ value }) => [value, 1]))
  }
  // A day of Kolkata begins at 18:30 UTC.
  const days = await series(zoneId, `metric=ph&from=${at(-24)}&to=${at(48)}&resolution=1d`)
  const meanOf = (samples: typeof hourly) =>
    samples.reduce((sum, { value }) => sum + value, 0) / samples.length
  expect(days.map((day) => [day.at.slice(0, 19), day.n, day.min, day.max, day.mean])).toEqual([
    [at(-5.5).slice(0, 19), 19, 6, 6.75, expect.closeTo(meanOf(hourly.slice(0, 19)), 9)],
    [at(18.5).slice(0, 19), 5, 6, 6.75, expect.closeTo(meanOf(hourly.slice(19)), 9)],
  ])
  const paged: number[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const path = `/zones/${zoneId}/telemetry?${window}&resolution=1h&limit=7${cursor === '' ? '' : `&cursor=${cursor}`}`
    const page: { data: SeriesPoint[]; nextCursor: string | null } = await (await get(path)).json()
    paged.push(...page.data.map(({ last }) => last))
    cursor = page.nextCursor
  }
  expect(paged).toEqual(hourly.map(({ value }) => value))
  const text = await (await get(`/zones/${zoneId}/telemetry.csv?${window}&resolution=1h`)).text()
  const [header = [], ...rows]: string[][] = parse(text)
  expect(rows.map((row) => Number(row[header.indexOf('last')]))).toEqual(paged)
  const lines = (await (await get(`/zones/${zoneId}/telemetry.ndjson?${window}&resolution=raw`)).text())
    .trim()
    .split('\n')
  expect(lines.map((line) => JSON.parse(line).last)).toEqual(paged)
})

it('shows each sample in the zone in which its node was at that time', async () => {
  const { uid, id, zoneId } = await given()
  const other = await given()
  await admin.query('delete from fleet.zone_bindings where node_id = $1', [other.id])
  await admin.query('update fleet.zone_bindings set until_at = $1 where node_id = $2', [at(10.51), id])
  await admin.query(
    'insert into fleet.zone_bindings (tenant_id, zone_id, node_id, from_at) values (1, $1, $2, $3)',
    [other.zoneId, id, at(10.51)],
  )
  await stored(
    Array.from({ length: 48 }, (_, half) => ({
      nodeUid: uid,
      metric: 'ph',
      ts: at(half / 2 + 0.0125),
      value: 6,
    })),
  )
  await runJob(app, 'fleet-fold')
  for (const resolution of ['raw', '1m', '1h', '1d']) {
    const counts = await Promise.all(
      [zoneId, other.zoneId].map(async (zone) => {
        const points = await series(
          zone,
          `metric=ph&from=${at(0)}&to=${at(24)}&resolution=${resolution}&limit=1000`,
        )
        return points.reduce((sum, { n }) => sum + n, 0)
      }),
    )
    expect(counts, resolution).toEqual([21, 27])
  }
  const latest: { data: unknown[] } = await (await get(`/zones/${zoneId}/telemetry/latest`)).json()
  expect(latest.data).toEqual([])
})

it('keeps a value of a metric that is sent on change fresh while its node is alive', async () => {
  const { uid, id, zoneId } = await given()
  const stale = async () => {
    const body: { data: { metric: string; stale: boolean }[] } = await (
      await get(`/zones/${zoneId}/telemetry/latest`)
    ).json()
    return Object.fromEntries(body.data.map(({ metric, stale: is }) => [metric, is]))
  }
  await stored([
    { nodeUid: uid, metric: 'pump_on', ts: at(1), value: 1 },
    { nodeUid: uid, metric: 'ph', ts: at(1), value: 6 },
  ])
  expect(await stale()).toEqual({ pump_on: false, ph: true })
  await admin.query(`update fleet.nodes set last_seen_at = now() - interval '1 hour' where id = $1`, [id])
  await admin.query(
    `update fleet.telemetry_last set received_at = now() - interval '1 hour' where node_id = $1`,
    [id],
  )
  expect(await stale()).toEqual({ pump_on: true, ph: true })
})

it('calculates stored samples anew after a calibration', async () => {
  const { uid, zoneId } = await given()
  await stored([1, 2, 3, 4].map((hour) => ({ nodeUid: uid, metric: 'ph', ts: at(hour), value: 6 })))
  const answer = await post(`/nodes/${uid}/calibrations`, { metric: 'ph', from: at(3), gain: 1.5 })
  expect(answer.status).toBe(201)
  await admin.query(`update fleet.calibrations set created_at = now() - interval '1 minute'`)
  await runJob(app, 'fleet-recalculate')
  await runJob(app, 'fleet-fold')
  const points = await series(zoneId, `metric=ph&from=${at(0)}&to=${at(24)}&resolution=1h`)
  expect(points.map(({ mean }) => mean)).toEqual([6, 6, 9, 9])
  const { data }: { data: Calibration[] } = await (await get(`/nodes/${uid}/calibrations`)).json()
  expect(data).toMatchObject([{ gain: 1.5, shift: 0, metric: 'ph', appliedAt: expect.any(String) }])
})

it.each([
  [
    'a raw window of more than a day',
    (zone: number) => `/zones/${zone}/telemetry?metric=ph&from=${at(0)}&to=${at(25)}&resolution=raw`,
    400,
  ],
  ['an unknown metric', (zone: number) => `/zones/${zone}/telemetry?metric=taste`, 422],
  ['an unknown zone', () => '/zones/999999/telemetry?metric=ph', 404],
  ['a file of an unknown zone', () => '/zones/999999/telemetry.csv?metric=ph', 404],
  ['calibrations of an unknown node', () => '/nodes/nd-none/calibrations', 404],
])('refuses %s', async (_what, path, status) => {
  const { zoneId } = await given()
  expect((await get(path(zoneId))).status).toBe(status)
})

it('hides another tenant’s zone and node', async () => {
  const { uid, zoneId } = await given({ tenantId: 2 })
  const paths = [
    'telemetry/latest',
    'telemetry?metric=ph',
    'telemetry.csv?metric=ph',
    'telemetry.ndjson?metric=ph',
  ]
  for (const path of paths) expect((await get(`/zones/${zoneId}/${path}`)).status, path).toBe(404)
  expect((await get(`/nodes/${uid}/calibrations`)).status).toBe(404)
  expect((await post(`/nodes/${uid}/calibrations`, { metric: 'ph', from: at(0), gain: 2 })).status).toBe(404)
  expect((await admin.query('select 1 from fleet.calibrations where gain = 2')).rows).toEqual([])
})
