import { beforeAll, describe, expect, it } from 'vitest'
import type { Ctx } from '../../../functions/core/context.ts'
import { coverage } from '../../../functions/space/iss/coverage.ts'
import { dailyStats } from '../../../functions/space/iss/daily-stats.ts'
import { hourlyStats } from '../../../functions/space/iss/hourly-stats.ts'
import { listPositions } from '../../../functions/space/iss/list-positions.ts'
import { locateIss } from '../../../functions/space/iss/locate.ts'
import { locateIssAt } from '../../../functions/space/iss/locate-at.ts'
import { predictTrack } from '../../../functions/space/iss/predict-track.ts'
import { recentActivity } from '../../../functions/space/views/recent-activity.ts'
import { indexedAfterwards } from '../../support/fill.ts'
import { blocksOf, executed, type PlanNode, planOf } from '../support/plan.ts'
import { spaceRig } from '../support/rig.ts'

const rig = await spaceRig()
const { admin } = rig
const yearOfMinutes = 525_600
const now = new Date('2026-11-20T10:00:30Z')

beforeAll(async () => {
  await admin.query(
    `select core.make_partition('space.iss_fetch_log', '2026-11-20'::timestamptz - n * interval '1 month') from generate_series(0, 12) n`,
  )
  await indexedAfterwards(admin, ['space.iss_fetch_log'], fillTheYear)
  await admin.query('analyze space.iss_fetch_log')
  await admin.query('select view from space.refresh_all_materialized_views()')
  await rig.run('elements')
})

/** Parts keep each transaction short, because tests of other files wait for its end. */
async function fillTheYear(): Promise<void> {
  for (let from = 0; from < yearOfMinutes; from += yearOfMinutes / 12)
    await admin.query(
      `insert into space.iss_fetch_log (norad_id, ts, latitude, longitude, altitude_km, velocity_kmh, visibility, source, computed, fetched_at)
      select 25544, ts, 51.6 * sin(n / 14.8), ((n * 3.87)::numeric % 360) - 180, 420, 27580, 'daylight', 'wheretheiss', false, ts
      from generate_series($1::int, $1::int + ${yearOfMinutes / 12 - 1}) n
      cross join lateral (select '2026-11-20T10:00:00Z'::timestamptz - n * interval '1 minute' as ts) at`,
      [from],
    )
}

const logOf = (nodes: PlanNode[]) =>
  nodes.filter((node) => node['Relation Name']?.startsWith('iss_fetch_log'))
const scannedWhole = (plan: PlanNode) =>
  logOf(executed(plan)).filter((node) => node['Node Type'].includes('Seq Scan'))

describe('over a year of minute fixes', () => {
  const reads: [string, (ctx: Ctx) => Promise<unknown>, number][] = [
    ['where the ISS is', (ctx) => locateIss(ctx), 60],
    ['where it was', (ctx) => locateIssAt(ctx, new Date('2026-05-05T05:05:05Z')), 60],
    ['where it will be', (ctx) => locateIssAt(ctx, new Date('2026-11-25T05:05:05Z')), 60],
    [
      'a page of positions',
      (ctx) =>
        listPositions(ctx, { from: new Date('2026-10-31T12:00:00Z'), to: now, after: null, limit: 201 }),
      200,
    ],
    [
      'a later page',
      (ctx) =>
        listPositions(ctx, {
          from: new Date('2025-12-31T12:00:00Z'),
          to: now,
          after: '2026-08-01T00:00:00Z',
          limit: 201,
        }),
      200,
    ],
    ['hourly stats', (ctx) => hourlyStats(ctx, 24), 60],
    ['daily stats', (ctx) => dailyStats(ctx, 30), 60],
    // This read returns every square.
    ['coverage', (ctx) => coverage(ctx), 2_000],
    ['activity', (ctx) => recentActivity(ctx), 60],
    ['the track ahead', (ctx) => predictTrack(ctx, { from: now, minutes: 92, stepSeconds: 60 }), 60],
  ]
  it.each(reads)('%s takes one statement that uses indexes and touches few blocks', async (_, read, most) => {
    const plan = await planOf(rig, read)
    expect(scannedWhole(plan)).toEqual([])
    expect(blocksOf(plan)).toBeLessThan(most)
  })

  it('the same statistics from the table scan every month (negative control)', async () => {
    const { rows } = await admin.query(
      `explain (analyze, buffers, format json) select date_trunc('hour', ts, 'UTC'), avg(altitude_km) from space.iss_fetch_log where norad_id = 25544 group by 1`,
    )
    const plan: PlanNode = rows[0]['QUERY PLAN'][0].Plan
    expect(scannedWhole(plan).length).toBeGreaterThan(10)
    expect(blocksOf(plan)).toBeGreaterThan(5_000)
  })
})
