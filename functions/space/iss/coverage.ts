import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { readView, type Viewed } from '../views/read.ts'

/** The map has 36 by 72 squares at most. The orbit reaches only the middle 22 of the 36 rows. */
export function coverage(ctx: Ctx): Promise<Viewed<Record<string, unknown>> | null> {
  return readView(ctx, {
    name: 'space.mv_iss_coverage_map',
    row: sql`jsonb_build_object(
      'latBucket', v.lat_bucket, 'lonBucket', v.lon_bucket, 'observationCount', v.observation_count,
      'avgAltitudeKm', v.avg_altitude
    )`,
    orderBy: sql`v.lat_bucket, v.lon_bucket`,
    limit: 36 * 72,
  })
}
