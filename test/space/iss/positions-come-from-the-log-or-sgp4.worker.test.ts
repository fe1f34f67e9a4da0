import { expect, it } from 'vitest'
import { spaceWorker } from '../support/space-worker.ts'

const { admin, get, json, runJobs } = await spaceWorker()
await runJobs('elements', 'iss-position', 'refresh-iss-views')

it('answers the position of the ISS with its source and age', async () => {
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

it('computes the position while the log is behind, and marks it as computed', async () => {
  // Ten minutes ago may have been another month.
  await admin.query(
    `select core.make_partitions('space.iss_fetch_log', array[now() - interval '10 minutes'])`,
  )
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

it('states the age of the elements of a computed position, also while the log holds computed ones', async () => {
  await admin.query('update space.iss_fetch_log set ts = now(), fetched_at = now()')
  expect(await json('/iss')).toMatchObject({ computed: false })
  await admin.query(
    `update space.iss_fetch_log set source = 'sgp4', computed = true, cross_check_km = null, error_km = 1`,
  )
  const [{ fetched }] = (await admin.query('select core.iso(max(fetched_at)) as fetched from space.elements'))
    .rows
  for (const path of ['/iss', `/iss/at?ts=${new Date().toISOString()}`])
    expect(await json(path)).toMatchObject({ computed: true, asOf: fetched })
  await admin.query(
    `update space.iss_fetch_log set source = 'wheretheiss', computed = false, error_km = null`,
  )
})

it('answers a logged moment from the log and any other by computing it', async () => {
  const [fix] = (await admin.query('select ts from space.iss_fetch_log order by ts desc limit 1')).rows
  expect(await json(`/iss/at?ts=${fix.ts.toISOString()}`)).toMatchObject({
    computed: false,
    source: 'wheretheiss',
  })
  const soon = new Date(Date.now() + 86_400_000).toISOString()
  const predicted = await json(`/iss/at?ts=${soon}`)
  expect(predicted).toMatchObject({ computed: true, source: 'sgp4' })
  expect(Number(predicted['errorKm'])).toBeGreaterThan(2)
})

it('answers in miles on request', async () => {
  const km = await json('/iss/stats/hourly')
  const mi = await json('/iss/stats/hourly?units=mi')
  expect(Number(mi.data[0]?.['avgAltitudeMi']) * 1.609344).toBeCloseTo(
    Number(km.data[0]?.['avgAltitudeKm']),
    6,
  )
  expect(mi.data[0]).not.toHaveProperty('avgAltitudeKm')
  expect(await json('/iss?units=mi')).toHaveProperty('velocityMph')
})

it('answers the track as GeoJSON with longitude first, cut at the antimeridian', async () => {
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

it('lists passes that culminate above the minimum elevation', async () => {
  const { data } = await json('/iss/passes?lat=51.5&lng=-0.13&days=3&minElevation=20')
  expect(data.length).toBeGreaterThan(3)
  for (const pass of data)
    expect(pass).toMatchObject({
      culmination: { elevation: expect.toSatisfy((value: number) => value >= 20) },
    })
  expect((await json('/iss/passes?lat=90&lng=0')).data).toEqual([])
})
