import { beforeAll, describe, expect, it } from 'vitest'
import { type Json, spaceWorker } from '../support/space-worker.ts'

const apiKey = 'nobody-may-see-this'
const { app, admin, get, json, runJobs } = await spaceWorker({ NASA_API_KEY: apiKey })

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

describe('before any data is collected', () => {
  it.each(empty)('%s answers 503 no_data_yet with Retry-After instead of zeros', async (path) => {
    const response = await get(path)
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await response.json()).toMatchObject({ code: 'no_data_yet', retryable: true })
  })
})

describe('with collected data', () => {
  beforeAll(async () => {
    await runJobs(
      'elements',
      'iss-position',
      'osdr-sync',
      'apod',
      'neo',
      'donki',
      'refresh-iss-views',
      'refresh-osdr-views',
      'refresh-recent-activity',
    )
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
    // The document promises it of each of them.
    expect(response.headers.get('cache-control')).toMatch(/^public, max-age=\d+$/)
    await response.body?.cancel()
  })

  it('answers 304 to a matching If-None-Match, and states its age', async () => {
    const first = await get('/osdr/by-year')
    expect(first.headers.get('cache-control')).toMatch(/^public, max-age=\d+$/)
    expect(Number(first.headers.get('age'))).toBeGreaterThanOrEqual(0)
    await first.body?.cancel()
    const again = await get('/osdr/by-year', { 'if-none-match': first.headers.get('etag') ?? '' })
    expect(again.status).toBe(304)
    expect(await again.text()).toBe('')
  })

  const copied = [
    ['osdr', '/osdr/datasets', 13],
    ['osdr', '/osdr/datasets/OSD-7', 13],
    ['osdr', '/osdr/stats', 13],
    ['osdr', '/osdr/by-year', 13],
    ['approaches', '/neo', 5],
    ['flr', '/donki/flr', 3],
  ] as const
  it.each(copied)(
    'states the last answer of %s as the age of %s, and calls an age of %i hours stale',
    async (upstream, path, hours) => {
      expect(await json(path)).toMatchObject({ stale: false })
      const [table, column, name] =
        upstream === 'osdr'
          ? ['upstream_state', 'last_ok_at', 'upstream']
          : ['copy_coverage', 'read_at', 'copy']
      const setBack = async (by: number) =>
        admin.query(
          `update space.${table} set ${column} = ${column} + make_interval(hours => $1)
         where ${name} = $2 returning core.iso(${column}) as answered`,
          [by, upstream],
        )
      const [{ answered }] = (await setBack(-hours)).rows
      const response = await get(path)
      expect(Number(response.headers.get('age'))).toBeGreaterThanOrEqual(hours * 3_600)
      expect(await response.json()).toMatchObject({ asOf: answered, stale: true })
      await setBack(hours)
    },
  )

  it('reports the age and the pending writes of each view to the operator', async () => {
    const views = async () => {
      const authorization = `Bearer ${await app.token('admin', 1)}`
      const response = await app.fetch('/v1/ops/views', { headers: { authorization } })
      expect(response.headers.get('x-db-round-trips')).toBe('1')
      return (await response.json<Json>()).data
    }
    await runJobs('refresh-iss-views')
    const hourly = async () => (await views()).find(({ name }) => name === 'space.mv_iss_stats_hourly')
    expect(await hourly()).toMatchObject({
      populated: true,
      stale: false,
      pendingWrites: 0,
      durationMs: expect.any(Number),
      rows: 1,
    })
    await admin.query(`update space.iss_fetch_log set fetched_at = now()`)
    // One write makes no answer stale. Age does, and then the public answer and the operator's list agree.
    expect(await hourly()).toMatchObject({ stale: false, pendingWrites: 1 })
    const publicly = async () => (await json('/iss/stats/hourly'))['stale']
    expect(await publicly()).toBe(false)
    const setBack = (by: number) =>
      admin.query(
        'update core.view_refreshes set started_at = started_at + make_interval(hours => $1), confirmed_at = confirmed_at + make_interval(hours => $1)',
        [by],
      )
    await setBack(-3)
    expect([await publicly(), (await hourly())?.['stale']]).toEqual([true, true])
    await setBack(3)
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
  ])('%s answers 400 and names %s', async (path, name) => {
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
  ])('%s answers the allowed range %s', async (path, range) => {
    expect(await (await get(path)).text()).toContain(range)
  })

  it.each(['/osdr/datasets/OSD-99999', '/donki/cme/nothing'])('%s answers 404', async (path) => {
    expect((await get(path)).status).toBe(404)
  })

  it('never contains the API key', async () => {
    for (const path of reads) expect(await (await get(path)).text()).not.toContain(apiKey)
  })
})
