import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { readView, type Viewed } from '../views/read.ts'

export function datasetsByYear(ctx: Ctx): Promise<Viewed<Record<string, unknown>> | null> {
  return readView(ctx, {
    name: 'space.mv_osdr_by_year',
    row: sql`jsonb_build_object(
      'year', v.year, 'datasetCount', v.dataset_count, 'datasetsWithDescription', v.datasets_with_description
    )`,
    orderBy: sql`v.year desc`,
    limit: 200,
    of: 'datasets',
  })
}
