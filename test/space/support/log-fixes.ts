import type pg from 'pg'

type Fix = { ts: string; lat: number; lng: number; altitude?: number }

/** Writes fixes to the log, and the partitions that they need. */
export async function logFixes(admin: pg.Pool, fixes: Fix[]): Promise<void> {
  for (const { ts, lat, lng, altitude = 420 } of fixes) {
    await admin.query("select core.make_partition('space.iss_fetch_log', $1)", [ts])
    await admin.query(
      `insert into space.iss_fetch_log (norad_id, ts, latitude, longitude, altitude_km, velocity_kmh, source, computed)
       values (25544, $1, $2, $3, $4, 27580, 'wheretheiss', false)`,
      [ts, lat, lng, altitude],
    )
  }
}
