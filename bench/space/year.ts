import type pg from 'pg'

const yearOfMinutes = 525_600

/** A year of fixes up to now, one a minute, roughly on the track of the ISS, and a hundred thousand datasets. */
export async function givenYear(database: pg.Pool): Promise<void> {
  await database.query(
    `select core.make_partition('space.iss_fetch_log', now() - n * interval '1 month') from generate_series(0, 12) n`,
  )
  await database.query(`
insert into space.iss_fetch_log (
  norad_id, ts, latitude, longitude, altitude_km, velocity_kmh, visibility, source, computed, error_km, fetched_at
)
select 25544, ts, 51.6 * sin(n / 14.8), ((n * 3.87)::numeric % 360) - 180, 420 + 15 * cos(n / 29.6), 27580 + 30 * sin(n / 29.6),
  case when n % 93 < 58 then 'daylight' else 'eclipsed' end, 'sgp4', true, 1, ts
from generate_series(0, ${yearOfMinutes - 1}) n
cross join lateral (select date_trunc('minute', now()) - n * interval '1 minute' as ts) at
order by ts`)
  await database.query(`
insert into space.osdr_items (dataset_id, title, description, release_date, assay_types, raw, content_hash)
select 'OSD-' || n, 'Dataset ' || n, case when n % 10 > 0 then 'About ' || n end, current_date - n % 7000, '[]', '{}', n::text
from generate_series(1, 100000) n`)
  await database.query('vacuum analyze space.iss_fetch_log, space.osdr_items, space.osdr_changes')
  await database.query('select view from space.refresh_all_materialized_views()')
  for (const view of ['mv_iss_stats_hourly', 'mv_iss_coverage_map', 'mv_osdr_stats', 'mv_recent_activity'])
    await database.query(`vacuum analyze space.${view}`)
}
