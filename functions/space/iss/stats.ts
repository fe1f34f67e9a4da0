import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { readView, type Viewed } from '../views/read.ts'

type Row = Record<string, unknown>
const hourly = 2 * 3_600

export function hourlyStats(ctx: Ctx, hours: number): Promise<Viewed<Row> | null> {
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
    staleAfterSeconds: hourly,
  })
}

export function dailyStats(ctx: Ctx, days: number): Promise<Viewed<Row> | null> {
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
    staleAfterSeconds: hourly,
  })
}

/** 36 by 72 buckets at most, and the ISS never leaves the middle 22. */
export function coverage(ctx: Ctx): Promise<Viewed<Row> | null> {
  return readView(ctx, {
    name: 'space.mv_iss_coverage_map',
    row: sql`jsonb_build_object(
      'latBucket', v.lat_bucket, 'lonBucket', v.lon_bucket, 'observationCount', v.observation_count,
      'avgAltitudeKm', v.avg_altitude
    )`,
    orderBy: sql`v.lat_bucket, v.lon_bucket`,
    limit: 36 * 72,
    staleAfterSeconds: hourly,
  })
}
