import { describe, expect, it } from 'vitest'
import { freshDatabase } from '../../support/database.ts'
import { logFixes } from '../support/log-fixes.ts'

const { admin } = await freshDatabase()

await logFixes(admin, [
  { ts: '2026-10-31T23:58:00Z', lat: 0, lng: 178, altitude: 410 },
  { ts: '2026-10-31T23:59:00Z', lat: 0, lng: 179, altitude: 420 },
  { ts: '2026-11-01T00:00:00Z', lat: 0, lng: -180, altitude: 430 },
  { ts: '2026-11-01T00:01:00Z', lat: 1, lng: -179, altitude: 430 },
])
await admin.query('select * from space.refresh_iss_materialized_views()')

const one = async (text: string) => (await admin.query(text)).rows[0]

describe('the views of the log', () => {
  it('average longitudes as directions, also across the date line', async () => {
    const hour = await one(`select * from space.mv_iss_stats_hourly where hour = '2026-11-01T00:00Z'`)
    expect(hour).toMatchObject({
      position_count: 2,
      computed_count: 0,
      avg_altitude: 430,
      avg_velocity: 27580,
    })
    expect(hour.avg_longitude).toBeCloseTo(-179.5, 6)
    const before = await one(`select * from space.mv_iss_stats_hourly where hour = '2026-10-31T23:00Z'`)
    expect(before.avg_longitude).toBeCloseTo(178.5, 6)
    expect(before).toMatchObject({ min_altitude: 410, max_altitude: 420 })
    expect(before.altitude_stddev).toBeCloseTo(7.0711, 3)
  })

  it('measure the distance between consecutive positions, also across midnight and the date line', async () => {
    const { rows } = await admin.query(`select * from space.mv_iss_stats_daily order by day`)
    const degree = (6371.0088 * Math.PI) / 180
    expect(rows[0]).toMatchObject({ total_positions: 2, longest_gap_seconds: 60 })
    expect(rows[0].approx_distance_km).toBeCloseTo(degree, 3)
    // One degree along the equator from the day before, and one along the diagonal.
    expect(rows[1].approx_distance_km).toBeCloseTo(degree + degree * Math.SQRT2, 1)
    expect(rows[1].first_fetch).toEqual(new Date('2026-11-01T00:00:00Z'))
  })

  it('count positions on the date line in one square', async () => {
    const { rows } = await admin.query(
      'select lat_bucket, lon_bucket, observation_count from space.mv_iss_coverage_map order by 1, 2',
    )
    expect(rows).toEqual([
      { lat_bucket: 0, lon_bucket: -180, observation_count: 2 },
      { lat_bucket: 0, lon_bucket: 175, observation_count: 2 },
    ])
  })
})

describe('the catalogue', () => {
  const add = (id: string, title: string) =>
    admin.query(
      `insert into space.osdr_items (dataset_id, title, release_date, assay_types, raw, content_hash)
       values ($1, $2, current_date - 10, '[]', '{}', md5($2))`,
      [id, title],
    )
  const changes = async () =>
    (await admin.query('select dataset_id, field, old, new from space.osdr_changes order by id')).rows

  it('records one change for each changed field and none for equal fields', async () => {
    await add('OSD-1', 'one')
    await admin.query(`update space.osdr_items set title = 'two', content_hash = 'x'`)
    await admin.query(`update space.osdr_items set title = 'two'`)
    await admin.query(`update space.osdr_items set raw = '{"a":1}', content_hash = 'y'`)
    expect(await changes()).toEqual([
      { dataset_id: 'OSD-1', field: 'dataset', old: null, new: 'one' },
      { dataset_id: 'OSD-1', field: 'title', old: 'one', new: 'two' },
      { dataset_id: 'OSD-1', field: 'raw', old: 'x', new: 'y' },
    ])
  })

  it('has totals that state when they were counted', async () => {
    await admin.query('select * from space.refresh_osdr_materialized_views()')
    expect(await one('select * from space.mv_osdr_stats')).toMatchObject({
      total_datasets: 1,
      recent_30d: 1,
      recent_1y: 1,
      counted_at: expect.any(Date),
    })
  })

  it('shares the hundred rows of recent activity equally with the log', async () => {
    for (let number = 10; number < 170; number += 1) await add(`OSD-${number}`, `title ${number}`)
    await admin.query(`
      insert into space.iss_fetch_log (norad_id, ts, latitude, longitude, source, computed)
      select 25544, '2026-11-02T00:00Z'::timestamptz + g * interval '1 minute', 0, 0, 'open-notify', false from generate_series(1, 300) g`)
    await admin.query('select * from space.refresh_activity_materialized_views()')
    const { rows } = await admin.query(
      'select activity_type, count(*)::int as n from space.mv_recent_activity group by 1 order by 1',
    )
    expect(rows).toEqual([
      { activity_type: 'iss_position', n: 50 },
      { activity_type: 'osdr_added', n: 50 },
    ])
  })
})
