import { sql } from 'drizzle-orm'
import {
  daysBetween,
  errorBoundKm,
  issNoradId,
  type Source,
  staleElementsDays,
  type Visibility,
} from '../rules.ts'
import { type StoredElements, usableOrbit } from './nearest-elements.ts'
import { placeAt } from './orbit.ts'

/** A fix `f` of the log as an answer shows it, with the time at which it was fetched. */
export const fixColumns = sql`jsonb_build_object(
  'noradId', f.norad_id,
  'ts', core.iso(f.ts),
  'latitude', f.latitude,
  'longitude', f.longitude,
  'altitudeKm', f.altitude_km,
  'velocityKmh', f.velocity_kmh,
  'visibility', f.visibility,
  'source', f.source,
  'computed', f.computed,
  'crossCheckKm', f.cross_check_km,
  'errorKm', f.error_km,
  'fetchedAt', core.iso(f.fetched_at)
)`

export type ShownFix = {
  noradId: number
  ts: string
  latitude: number
  longitude: number
  altitudeKm: number | null
  velocityKmh: number | null
  visibility: Visibility | null
  source: Source
  computed: boolean
  crossCheckKm: number | null
  errorKm: number | null
}

export type LoggedFix = ShownFix & { fetchedAt: string }
export type Located = ShownFix & { ageSeconds: number; asOf: string; stale: boolean }

export function showLogged({ fetchedAt, ...fix }: LoggedFix, now: Date): Located {
  const ageSeconds = Math.max(0, Math.round((now.getTime() - Date.parse(fix.ts)) / 1000))
  return { ...fix, ageSeconds, asOf: fetchedAt, stale: false }
}

/** Null without elements that are near enough to the moment. */
export function showComputed(elements: StoredElements | null, ts: Date): Located | null {
  const orbit = usableOrbit(elements, ts)
  const place = orbit && placeAt(orbit, ts)
  if (!elements || !place) return null
  const days = daysBetween(orbit.epoch, ts)
  return {
    noradId: issNoradId,
    ...place,
    ts: ts.toISOString(),
    source: 'sgp4',
    computed: true,
    crossCheckKm: null,
    errorKm: errorBoundKm(days),
    ageSeconds: 0,
    asOf: elements.fetchedAt,
    stale: days > staleElementsDays,
  }
}
