import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { readView } from '../views/read.ts'

type Stats = Record<string, unknown> & { asOf: string; stale: boolean }

/** `lastSyncTime` is read beside the view, because a sync that changes no row leaves the view as it is. */
export async function catalogueStats(ctx: Ctx): Promise<Stats | null> {
  const viewed = await readView<Record<string, unknown>>(ctx, {
    name: 'space.mv_osdr_stats',
    row: sql`jsonb_build_object(
      'totalDatasets', v.total_datasets, 'oldestDataset', v.oldest_dataset, 'newestDataset', v.newest_dataset,
      'recent30d', v.recent_30d, 'recent1y', v.recent_1y, 'countedAt', core.iso(v.counted_at),
      'lastSyncTime', (select core.iso(u.last_ok_at) from space.upstream_state u where u.upstream = 'osdr')
    )`,
    where: sql`v.total_datasets > 0`,
    orderBy: sql`v.counted_at`,
    limit: 1,
    of: 'datasets',
  })
  const [row] = viewed?.data ?? []
  return viewed && row ? { asOf: viewed.asOf, stale: viewed.stale, ...row } : null
}
