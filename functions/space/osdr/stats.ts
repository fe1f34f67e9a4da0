import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { readView, type Viewed } from '../views/read.ts'

type Row = Record<string, unknown>
/** Counted anew after every sync that brought something, and after a day; looked at every hour. */
const staleAfterSeconds = 2 * 3_600

/** `lastSyncTime` is read beside the view: a sync that brought nothing leaves the view as it is. */
export async function osdrStats(ctx: Ctx): Promise<(Row & { asOf: string; stale: boolean }) | null> {
  const viewed = await readView<Row>(ctx, {
    name: 'space.mv_osdr_stats',
    row: sql`jsonb_build_object(
      'totalDatasets', v.total_datasets, 'oldestDataset', v.oldest_dataset, 'newestDataset', v.newest_dataset,
      'recent30d', v.recent_30d, 'recent1y', v.recent_1y, 'countedAt', core.iso(v.counted_at),
      'lastSyncTime', (select core.iso(u.last_ok_at) from space.upstream_state u where u.upstream = 'osdr')
    )`,
    where: sql`v.total_datasets > 0`,
    orderBy: sql`v.counted_at`,
    limit: 1,
    staleAfterSeconds,
    of: 'datasets',
  })
  const [row] = viewed?.data ?? []
  return viewed && row ? { asOf: viewed.asOf, stale: viewed.stale, ...row } : null
}

export function osdrByYear(ctx: Ctx): Promise<Viewed<Row> | null> {
  return readView(ctx, {
    name: 'space.mv_osdr_by_year',
    row: sql`jsonb_build_object(
      'year', v.year, 'datasetCount', v.dataset_count, 'datasetsWithDescription', v.datasets_with_description
    )`,
    orderBy: sql`v.year desc`,
    limit: 200,
    staleAfterSeconds,
    of: 'datasets',
  })
}

/** The last 24 hours, by the clock of now and not of the refresh. */
export function recentActivity(ctx: Ctx): Promise<Viewed<Row> | null> {
  return readView(ctx, {
    name: 'space.mv_recent_activity',
    row: sql`jsonb_build_object(
      'activityType', v.activity_type, 'details', v.details, 'activityTime', core.iso(v.activity_time)
    )`,
    where: sql`v.activity_time > ${ctx.now().toISOString()}::timestamptz - interval '24 hours'`,
    orderBy: sql`v.activity_time desc, v.activity_id`,
    limit: 100,
    staleAfterSeconds: 2 * 900,
  })
}
