import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { readView, type Viewed } from '../views/read.ts'

export function dailyStats(ctx: Ctx, days: number): Promise<Viewed<Record<string, unknown>> | null> {
  return readView(ctx, {
    name: 'space.mv_iss_stats_daily',
    row: sql`jsonb_build_object(
      'day', v.day, 'totalPositions', v.total_positions, 'avgAltitudeKm', v.avg_altitude,
      'approxDistanceKm', v.approx_distance_km, 'longestGapSeconds', v.longest_gap_seconds,
      'firstFetch', core.iso(v.first_fetch), 'lastFetch', core.iso(v.last_fetch)
    )`,
    where: sql`v.day > (${ctx.now().toISOString()}::timestamptz at time zone 'UTC')::date - ${days}::int`,
    orderBy: sql`v.day desc`,
    limit: days,
  })
}
