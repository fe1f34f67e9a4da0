import { PgDialect } from 'drizzle-orm/pg-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Ctx } from '../../functions/core/context.ts'
import type { Db } from '../../functions/core/db.ts'
import { coverage } from '../../functions/space/iss/coverage.ts'
import { dailyStats } from '../../functions/space/iss/daily-stats.ts'
import { hourlyStats } from '../../functions/space/iss/hourly-stats.ts'
import { listPositions } from '../../functions/space/iss/list-positions.ts'
import { locateIss } from '../../functions/space/iss/locate.ts'
import { locateIssAt } from '../../functions/space/iss/locate-at.ts'
import { predictTrack } from '../../functions/space/iss/predict-track.ts'
import { listDatasets } from '../../functions/space/osdr/list-datasets.ts'
import { recentActivity } from '../../functions/space/views/recent-activity.ts'
import { spaceRig } from './rig.ts'

const rig = await spaceRig()
const { admin } = rig
const dialect = new PgDialect()
const yearOfMinutes = 525_600
const now = new Date('2026-11-20T10:00:30Z')

type Node = {
  'Node Type': string
  'Relation Name'?: string
  'Actual Loops'?: number
  'Shared Hit Blocks'?: number
  'Shared Read Blocks'?: number
  Plans?: Node[]
}

beforeAll(async () => {
  await admin.query(
    `select space.keep_log_month('2026-11-20'::timestamptz - n * interval '1 month') from generate_series(0, 12) n`,
  )
  // In parts: the feeds of other files wait for the end of each transaction.
  for (let from = 0; from < yearOfMinutes; from += yearOfMinutes / 12)
    await admin.query(
      `insert into space.iss_fetch_log (norad_id, ts, latitude, longitude, altitude_km, velocity_kmh, visibility, source, computed, fetched_at)
      select 25544, ts, 51.6 * sin(n / 14.8), ((n * 3.87)::numeric % 360) - 180, 420, 27580, 'daylight', 'wheretheiss', false, ts
      from generate_series($1::int, $1::int + ${yearOfMinutes / 12 - 1}) n
      cross join lateral (select '2026-11-20T10:00:00Z'::timestamptz - n * interval '1 minute' as ts) at`,
      [from],
    )
  await admin.query('analyze space.iss_fetch_log')
  await admin.query('select view from space.refresh_all_materialized_views()')
  await rig.run('elements')
}, 300_000)

/** The plan of the one statement that a read sends, over the very data it read. */
async function planOf(read: (ctx: Ctx) => Promise<unknown>): Promise<Node> {
  const sent: { text: string; values: unknown[] }[] = []
  const ctx = rig.ctx()
  const query: Db['query'] = async (statement) => {
    const { sql: text, params: values } = dialect.sqlToQuery(statement)
    sent.push({ text, values })
    return ctx.db.query(statement)
  }
  await read({ ...ctx, db: { ...ctx.db, query }, replica: { ...ctx.replica, query } })
  expect(sent).toHaveLength(1)
  const [{ text, values } = { text: '', values: [] }] = sent
  const { rows } = await admin.query(`explain (analyze, buffers, format json) ${text}`, values)
  return rows[0]['QUERY PLAN'][0].Plan
}

const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]
const run = (plan: Node) => nodesOf(plan).filter((node) => (node['Actual Loops'] ?? 0) > 0)
const logOf = (nodes: Node[]) => nodes.filter((node) => node['Relation Name']?.startsWith('iss_fetch_log'))
const scannedWhole = (plan: Node) => logOf(run(plan)).filter((node) => node['Node Type'].includes('Seq Scan'))
const blocks = (plan: Node) => (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0)

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
    // Every square, in order.
    ['coverage', (ctx) => coverage(ctx), 2_000],
    ['activity', (ctx) => recentActivity(ctx), 60],
    ['the track to come', (ctx) => predictTrack(ctx, { from: now, minutes: 92, stepSeconds: 60 }), 60],
  ]
  it.each(reads)('%s is one statement, by index, that touches a handful of blocks', async (_, read, most) => {
    const plan = await planOf(read)
    expect(scannedWhole(plan)).toEqual([])
    expect(blocks(plan)).toBeLessThan(most)
  })

  it('the same asked of the table scans every month of it, and is noticed', async () => {
    const { rows } = await admin.query(
      `explain (analyze, buffers, format json) select date_trunc('hour', ts, 'UTC'), avg(altitude_km) from space.iss_fetch_log where norad_id = 25544 group by 1`,
    )
    const plan: Node = rows[0]['QUERY PLAN'][0].Plan
    expect(scannedWhole(plan).length).toBeGreaterThan(10)
    expect(blocks(plan)).toBeGreaterThan(5_000)
  })
})

describe('the catalogue at a hundred thousand datasets', () => {
  beforeAll(async () => {
    await admin.query(`
      insert into space.osdr_items (dataset_id, title, release_date, assay_types, raw, content_hash)
      select 'OSD-' || n, 'Effects of series ' || md5(n::text), current_date - n % 7000, '[]', '{}', n::text
      from generate_series(1, 100000) n`)
    await admin.query('analyze space.osdr_items; analyze space.osdr_changes')
  }, 300_000)

  const indexed = [
    [
      'idx_osdr_items_released',
      `select dataset_id from space.osdr_items d order by coalesce(d.release_date, '-infinity') desc, d.dataset_id desc limit 50`,
    ],
    [
      'idx_osdr_items_updated',
      `select dataset_id from space.osdr_items d order by d.updated_at desc, d.dataset_id desc limit 50`,
    ],
    [
      'idx_osdr_changes_feed',
      `select id from space.osdr_changes c where (c.xid, c.id) > ('3'::xid8, 50000) order by c.xid, c.id limit 50`,
    ],
  ] as const
  it.each(indexed)('%s serves its query', async (index, query) => {
    const { rows } = await admin.query(`explain (format json) ${query}`)
    const names = nodesOf(rows[0]['QUERY PLAN'][0].Plan).map((node) => Reflect.get(node, 'Index Name'))
    expect(names).toContain(index)
  })

  it('idx_osdr_items_search finds a rare word', async () => {
    const plan = await planOf((ctx) =>
      listDatasets(ctx, {
        q: 'effects a0b9c',
        organism: null,
        project: null,
        sort: '-releaseDate',
        after: null,
        limit: 51,
      }),
    )
    expect(nodesOf(plan).map((node) => Reflect.get(node, 'Index Name'))).toContain('idx_osdr_items_search')
  })
})
