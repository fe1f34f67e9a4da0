import { beforeAll, describe, expect, it } from 'vitest'
import { freshWorker } from '../support/worker.ts'

const app = await freshWorker({ bindings: { NASA_API_KEY: 'nobody-may-see-this' } })
const { upstreams } = app
const { admin } = app.database
// Forty are enough to page through.
for (const accession of [...upstreams.datasets.keys()].slice(40)) upstreams.datasets.delete(accession)

type Json = Record<string, unknown> & { data: Record<string, unknown>[]; nextCursor?: string | null }
const get = (path: string, headers: Record<string, string> = {}) => app.fetch(`/v1/space${path}`, { headers })
async function json(path: string): Promise<Json> {
  const response = await get(path)
  expect([path, response.status]).toEqual([path, 200])
  // The shape is what each test goes on to check.
  return response.json<Json>()
}
async function runJob(name: string): Promise<Json> {
  const response = await app.fetch(`/v1/ops/jobs/${name}/run`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await app.token('admin', 1)}` },
  })
  expect([name, response.status]).toEqual([name, 200])
  return response.json<Json>()
}

const empty = [
  '/iss',
  '/iss/at?ts=2026-10-01T00:00:00Z',
  '/iss/positions',
  '/iss/track',
  '/iss/passes?lat=51.5&lng=0',
  '/iss/stats/hourly',
  '/iss/stats/daily',
  '/iss/coverage',
  '/osdr/datasets',
  '/osdr/datasets/OSD-7',
  '/osdr/stats',
  '/osdr/by-year',
  '/activity',
  '/apod',
  '/neo',
  '/donki/flr',
  '/donki/flr/nothing',
]

const patient = { timeout: 10_000, interval: 50 }

describe('before anything is known', () => {
  it.each(empty)('%s is 503 no_data_yet with Retry-After, never zeros', async (path) => {
    const response = await get(path)
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await response.json()).toMatchObject({ code: 'no_data_yet', retryable: true })
  })
})

describe('with data', () => {
  beforeAll(async () => {
    for (const job of [
      'elements',
      'iss-position',
      'osdr-sync',
      'apod',
      'neo',
      'donki',
      'refresh-iss-views',
      'refresh-osdr-views',
      'refresh-recent-activity',
    ])
      await runJob(job)
  })

  const reads = [
    '/iss',
    '/iss/at?ts=2026-11-20T00:00:00Z',
    '/iss/positions',
    '/iss/track',
    '/iss/passes?lat=51.5&lng=0',
    '/iss/stats/hourly',
    '/iss/stats/daily',
    '/iss/coverage',
    '/osdr/datasets',
    '/osdr/datasets?q=spaceflight&sort=title',
    '/osdr/datasets/OSD-7',
    '/osdr/changes',
    '/osdr/stats',
    '/osdr/by-year',
    '/activity',
    '/apod',
    '/neo',
    '/donki/cme',
    '/donki/flr?minClass=M',
    '/donki/gst',
    '/donki/notifications',
  ]
  it.each(reads)('%s takes one round trip', async (path) => {
    const atNow = path.replace('2026-11-20T00:00:00Z', new Date().toISOString())
    const response = await get(atNow)
    expect(response.status).toBe(200)
    expect(response.headers.get('x-db-round-trips')).toBe('1')
    await response.body?.cancel()
  })

  it('answers 304 to who has the content, and says how old it is', async () => {
    const first = await get('/osdr/by-year')
    expect(first.headers.get('cache-control')).toMatch(/^public, max-age=\d+$/)
    expect(Number(first.headers.get('age'))).toBeGreaterThanOrEqual(0)
    await first.body?.cancel()
    const again = await get('/osdr/by-year', { 'if-none-match': first.headers.get('etag') ?? '' })
    expect(again.status).toBe(304)
    expect(await again.text()).toBe('')
  })

  it('tells where the ISS is, from whom and how old', async () => {
    expect(await json('/iss')).toMatchObject({
      noradId: 25544,
      source: 'wheretheiss',
      computed: false,
      errorKm: null,
      stale: false,
      ageSeconds: expect.any(Number),
      asOf: expect.stringMatching(/Z$/),
    })
  })

  it('computes it when the log has fallen behind, and says so', async () => {
    await admin.query(`update space.iss_fetch_log set ts = ts - interval '10 minutes'`)
    expect(await json('/iss')).toMatchObject({
      source: 'sgp4',
      computed: true,
      errorKm: expect.any(Number),
      ageSeconds: 0,
      stale: false,
    })
    await admin.query(
      `update space.elements set epoch = epoch - interval '40 days', omm = omm || jsonb_build_object('EPOCH', to_char(epoch - interval '40 days', 'YYYY-MM-DD"T"HH24:MI:SS.US'))`,
    )
    const last = await json('/iss')
    expect(last).toMatchObject({ source: 'wheretheiss', computed: false, stale: true })
    expect(Number(last['ageSeconds'])).toBeGreaterThan(590)
    expect((await get('/iss/track')).status).toBe(503)
    await admin.query(
      `update space.elements set epoch = epoch + interval '40 days', omm = omm || jsonb_build_object('EPOCH', to_char(epoch + interval '40 days', 'YYYY-MM-DD"T"HH24:MI:SS.US'))`,
    )
  })

  it('tells of a computed position how old its elements are, also while computed ones fill the log', async () => {
    await admin.query('update space.iss_fetch_log set ts = now(), fetched_at = now()')
    expect(await json('/iss')).toMatchObject({ computed: false })
    await admin.query(
      `update space.iss_fetch_log set source = 'sgp4', computed = true, cross_check_km = null, error_km = 1`,
    )
    const [{ fetched }] = (
      await admin.query('select core.iso(max(fetched_at)) as fetched from space.elements')
    ).rows
    for (const path of ['/iss', `/iss/at?ts=${new Date().toISOString()}`])
      expect(await json(path)).toMatchObject({ computed: true, asOf: fetched })
    await admin.query(
      `update space.iss_fetch_log set source = 'wheretheiss', computed = false, error_km = null`,
    )
  })

  const copied = [
    ['osdr', '/osdr/datasets', 13],
    ['osdr', '/osdr/datasets/OSD-7', 13],
    ['osdr', '/osdr/stats', 13],
    ['osdr', '/osdr/by-year', 13],
    ['neows', '/neo', 5],
    ['donki', '/donki/flr', 3],
  ] as const
  it.each(copied)(
    'says of what %s told, at %s, when it was told; and that %i hours are long ago',
    async (upstream, path, hours) => {
      expect(await json(path)).toMatchObject({ stale: false })
      const setBack = async (by: number) =>
        admin.query(
          `update space.upstream_state set last_ok_at = last_ok_at + make_interval(hours => $1)
         where upstream in ($2, 'ccmc') returning core.iso(last_ok_at) as heard`,
          [by, upstream],
        )
      const [{ heard }] = (await setBack(-hours)).rows
      const response = await get(path)
      expect(Number(response.headers.get('age'))).toBeGreaterThanOrEqual(hours * 3_600)
      expect(await response.json()).toMatchObject({ asOf: heard, stale: true })
      await setBack(hours)
    },
  )

  it('answers any moment: from the log where there is a fix, else computed', async () => {
    const [fix] = (await admin.query('select ts from space.iss_fetch_log order by ts desc limit 1')).rows
    expect(await json(`/iss/at?ts=${fix.ts.toISOString()}`)).toMatchObject({
      computed: false,
      source: 'wheretheiss',
    })
    const soon = new Date(Date.now() + 86_400_000).toISOString()
    const predicted = await json(`/iss/at?ts=${soon}`)
    expect(predicted).toMatchObject({ computed: true, source: 'sgp4' })
    expect(Number(predicted['errorKm'])).toBeGreaterThan(2)
    expect((await get('/iss/at?ts=2001-01-01T00:00:00Z')).status).toBe(503)
  })

  it('speaks miles', async () => {
    const km = await json('/iss/stats/hourly')
    const mi = await json('/iss/stats/hourly?units=mi')
    expect(Number(mi.data[0]?.['avgAltitudeMi']) * 1.609344).toBeCloseTo(
      Number(km.data[0]?.['avgAltitudeKm']),
      6,
    )
    expect(mi.data[0]).not.toHaveProperty('avgAltitudeKm')
    expect(await json('/iss?units=mi')).toHaveProperty('velocityMph')
  })

  it('draws the track as GeoJSON, longitude first, never across the antimeridian', async () => {
    const response = await get('/iss/track?minutes=200&stepSeconds=60', { accept: 'application/geo+json' })
    expect(response.headers.get('content-type')).toBe('application/geo+json')
    expect(response.headers.get('vary')).toContain('Accept')
    const feature = await response.json<{ geometry: { coordinates: [number, number][][] } }>()
    expect(feature).toMatchObject({ type: 'Feature', geometry: { type: 'MultiLineString' } })
    expect(feature.geometry.coordinates.length).toBeGreaterThan(1)
    for (const line of feature.geometry.coordinates)
      for (const [at, [lng, lat]] of line.entries()) {
        expect(Math.abs(lat)).toBeLessThan(52)
        expect(Math.abs(lng - (line[at - 1]?.[0] ?? lng))).toBeLessThan(180)
      }
    expect((await json('/iss/track?minutes=10&stepSeconds=60')).data).toHaveLength(11)
  })

  it('lists passes in order, each above its minimum', async () => {
    const { data } = await json('/iss/passes?lat=51.5&lng=-0.13&days=3&minElevation=20')
    expect(data.length).toBeGreaterThan(3)
    for (const pass of data)
      expect(pass).toMatchObject({
        culmination: { elevation: expect.toSatisfy((value: number) => value >= 20) },
      })
    expect((await json('/iss/passes?lat=90&lng=0')).data).toEqual([])
  })

  it('pages through datasets in every order without gap or repeat', async () => {
    for (const sort of ['-releaseDate', 'releaseDate', 'accession', 'title', '-updatedAt']) {
      const seen: unknown[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: Json = await json(
          `/osdr/datasets?limit=7&sort=${sort}${cursor === '' ? '' : `&cursor=${cursor}`}`,
        )
        seen.push(...page.data.map(({ accession }) => accession))
        cursor = page.nextCursor ?? null
      }
      expect([sort, seen.length, new Set(seen).size]).toEqual([sort, 40, 40])
    }
  })

  it('finds datasets by words, literally', async () => {
    const { data } = await json('/osdr/datasets?q=DROSOPHILA%20effects&limit=200')
    expect(data.length).toBeGreaterThan(0)
    for (const { title } of data) expect(String(title).toLowerCase()).toContain('drosophila')
    expect((await json('/osdr/datasets?q=%25')).data).toEqual([])
    expect((await json('/osdr/datasets?organism=mus%20musculus')).data.length).toBeGreaterThan(0)
  })

  it('follows the changes of the catalogue from any position, missing nothing', async () => {
    await expect.poll(async () => (await json('/osdr/changes?limit=200')).data.length, patient).toBe(40)
    const first = await json('/osdr/changes?limit=200')
    const after = String(first['cursor'])
    expect(await json(`/osdr/changes?after=${after}`)).toEqual({ data: [], cursor: after, nextCursor: null })
    upstreams.datasets.set('OSD-7', { ...upstreams.datasets.get('OSD-7'), 'study title': 'Changed' })
    await runJob('osdr-sync')
    // A change is shown once no older transaction of the whole server is still running: here, another test's.
    await expect
      .poll(async () => (await json(`/osdr/changes?after=${after}`)).data, patient)
      .toMatchObject([{ accession: 'OSD-7', field: 'title', new: 'Changed' }])
  })

  it('resolves linked events to what is known', async () => {
    const { data } = await json('/donki/flr?limit=200')
    const [link] = data.flatMap(({ linkedEvents }) => linkedEvents as { id: string; href: string | null }[])
    const event = await app.fetch(link?.href ?? '')
    expect(await event.json()).toMatchObject({
      id: link?.id,
      type: 'cme',
      versions: [{ versionId: expect.any(Number) }],
    })
    const strong = await json('/donki/flr?minClass=M&limit=200')
    expect(strong.data.every((one) => /^[MX]/.test(String(one['class'])))).toBe(true)
  })

  it('tells the operator of each view how old it is and what it has not seen', async () => {
    const views = async () => {
      const authorization = `Bearer ${await app.token('admin', 1)}`
      const response = await app.fetch('/v1/ops/views', { headers: { authorization } })
      expect(response.headers.get('x-db-round-trips')).toBe('1')
      return (await response.json<Json>()).data
    }
    await runJob('refresh-iss-views')
    const hourly = async () => (await views()).find(({ name }) => name === 'space.mv_iss_stats_hourly')
    expect(await hourly()).toMatchObject({
      populated: true,
      stale: false,
      pendingWrites: 0,
      durationMs: expect.any(Number),
      rows: 1,
    })
    await admin.query(`update space.iss_fetch_log set fetched_at = now()`)
    expect(await hourly()).toMatchObject({ stale: true, pendingWrites: 1 })
    expect((await views()).filter(({ name }) => String(name).startsWith('space.'))).toHaveLength(6)
    expect((await app.fetch('/v1/ops/views')).status).toBe(401)
  })

  it.each([
    ['/iss?units=furlongs', 'units'],
    ['/iss/at', 'ts'],
    ['/iss/at?ts=1950-01-01T00:00:00Z', 'ts'],
    ['/iss/at?ts=yesterday', 'ts'],
    ['/iss/track?minutes=1441', 'minutes'],
    ['/iss/track?stepSeconds=0', 'stepSeconds'],
    ['/iss/track?minutes=1440&stepSeconds=14', 'stepSeconds'],
    ['/iss/passes?lat=91&lng=0', 'lat'],
    ['/iss/passes?lat=NaN&lng=0', 'lat'],
    ['/iss/passes?lat=0&lng=0x10', 'lng'],
    ['/iss/passes?lat=0&lng=Infinity', 'lng'],
    ['/iss/stats/hourly?hours=1e2', 'hours'],
    ['/iss/stats/hourly?hours=1.5', 'hours'],
    ['/iss/at?ts=2016-12-31T23:59:60Z', 'ts'],
    ['/apod?date=1995-06-15', 'date'],
    ['/apod?date=2999-01-01', 'date'],
    ['/neo?from=0000-01-01', 'from'],
    ['/neo?from=9999-12-31', 'from'],
    ['/neo?from=2026-11-02&to=2026-11-01', 'from'],
    ['/donki/cme?to=9999-12-31', 'to'],
    ['/donki/gst?minClass=9.1', 'minClass'],
    ['/iss/passes?lat=1', 'lng'],
    ['/iss/passes?lat=1&lng=1&days=11', 'days'],
    ['/iss/stats/hourly?hours=0', 'hours'],
    ['/iss/stats/daily?days=367', 'days'],
    ['/iss/positions?from=2026-11-20T00:00:00Z&to=2026-11-19T00:00:00Z', 'from'],
    ['/osdr/datasets?sort=price', 'sort'],
    ['/osdr/datasets/nothing', 'accession'],
    ['/donki/sun', 'type'],
    ['/donki/flr?minClass=Q', 'minClass'],
    ['/donki/notifications?minClass=5', 'minClass'],
    ['/neo?from=2026-13-01', 'from'],
    ['/activity?limit=5', 'limit'],
  ])('%s is 400 and names %s', async (path, name) => {
    const response = await get(path)
    expect(response.status).toBe(400)
    const problem = await response.json<{ code: string; errors: { path: string }[] }>()
    expect(problem).toMatchObject({ code: 'validation_failed' })
    expect(problem.errors.map((error) => error.path)).toContain(name)
  })

  it.each([
    ['/iss/track?minutes=1441', '1 to 1440'],
    ['/iss/track?minutes=many', '1 to 1440'],
    ['/iss/passes?lat=north&lng=0', '-90 to 90'],
    ['/apod?date=1990-01-01', '1995-06-16 to 20'],
    ['/neo?to=2500-01-01', '1900-01-01 to 2199-12-31'],
    ['/donki/gst?minClass=10', '0 to 9'],
  ])('%s says what is allowed: %s', async (path, range) => {
    expect(await (await get(path)).text()).toContain(range)
  })

  it.each([
    '/neo?to=2026-01-31',
    '/neo?from=2031-01-01',
    '/donki/cme?to=2026-01-31',
    '/donki/cme?from=2031-01-01',
  ])('%s needs no other end', async (path) => {
    expect((await json(path)).data).toEqual([])
  })

  it.each(['/osdr/datasets/OSD-99999', '/donki/cme/nothing', '/apod?date=1999-01-01'])(
    '%s is 404',
    async (path) => {
      expect((await get(path)).status).toBe(404)
    },
  )

  it('shows the key to nobody', async () => {
    for (const path of reads) expect(await (await get(path)).text()).not.toContain('nobody-may-see-this')
  })
})
