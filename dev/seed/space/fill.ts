import type pg from 'pg'
import { epochOf, placeAt } from '../../../functions/space/iss/orbit.ts'
import { daysBetween, errorBoundKm, issNoradId } from '../../../functions/space/rules.ts'
import { elementsAt, orbitAt } from '../../upstreams/orbit.ts'
import type { Commit } from '../commit.ts'

const days = 30
const minuteMs = 60_000
const dayMs = 86_400_000

/**
 * Inserts a month of ISS positions, one a minute, computed by SGP4 and marked as computed, with their orbital elements.
 * The simulated upstreams continue the same orbit.
 */
export async function fill(client: pg.Client, commit: Commit): Promise<void> {
  const now = new Date()
  const until = Math.floor(now.getTime() / minuteMs) * minuteMs
  const moments = Array.from({ length: days * 1440 }, (_, minute) => new Date(until - minute * minuteMs))
  const fixes = moments.flatMap((ts) => {
    const orbit = orbitAt(ts)
    const place = placeAt(orbit, ts)
    return place ? [{ ...place, errorKm: errorBoundKm(daysBetween(orbit.epoch, ts)) }] : []
  })
  const sets = Array.from({ length: days + 1 }, (_, day) => elementsAt(new Date(until - day * dayMs)))

  await client.query(
    `insert into space.elements (norad_id, epoch, omm, source, fetched_at)
     select $1, epoch, omm, 'computed', epoch
     from unnest($2::timestamptz[], $3::jsonb[]) as given (epoch, omm)
     on conflict do nothing`,
    [issNoradId, sets.map(epochOf), sets.map((elements) => JSON.stringify(elements))],
  )
  await client.query(
    `select core.make_partition('space.iss_fetch_log', ts) from unnest($1::timestamptz[]) ts`,
    [[new Date(until), new Date(until - days * dayMs)]],
  )
  await client.query(
    `insert into space.iss_fetch_log (
       norad_id, ts, latitude, longitude, altitude_km, velocity_kmh, visibility, source, computed, error_km, fetched_at
     )
     select $1, ts, latitude, longitude, altitude_km, velocity_kmh, visibility, 'sgp4', true, error_km, ts
     from unnest(
       $2::timestamptz[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::text[], $8::float8[]
     ) as given (ts, latitude, longitude, altitude_km, velocity_kmh, visibility, error_km)
     order by ts`,
    [
      issNoradId,
      fixes.map(({ ts }) => ts),
      fixes.map(({ latitude }) => latitude),
      fixes.map(({ longitude }) => longitude),
      fixes.map(({ altitudeKm }) => altitudeKm),
      fixes.map(({ velocityKmh }) => velocityKmh),
      fixes.map(({ visibility }) => visibility),
      fixes.map(({ errorKm }) => errorKm),
    ],
  )
  await commit()
  await client.query('select view from space.refresh_all_materialized_views()')
}
