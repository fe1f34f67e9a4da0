import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { readView, type Viewed } from '../views/read.ts'

export function hourlyStats(ctx: Ctx, hours: number): Promise<Viewed<Record<string, unknown>> | null> {
  return readView(ctx, {
    name: 'space.mv_iss_stats_hourly',
    row: sql`jsonb_build_object(
      'hour', core.iso(v.hour), 'positionCount', v.position_count, 'computedCount', v.computed_count,
      'avgLatitude', v.avg_latitude, 'avgLongitude', v.avg_longitude, 'avgAltitudeKm', v.avg_altitude,
      'minAltitudeKm', v.min_altitude, 'maxAltitudeKm', v.max_altitude, 'altitudeStddevKm', v.altitude_stddev,
      'avgVelocityKmh', v.avg_velocity
    )`,
    where: sql`v.hour > ${ctx.now().toISOString()}::timestamptz - make_interval(hours => ${hours})`,
    orderBy: sql`v.hour desc`,
    limit: hours,
  })
}
