export const issNoradId = 25544

export type Source = 'wheretheiss' | 'open-notify' | 'sgp4'
export type Visibility = 'daylight' | 'eclipsed'

/** Where a satellite was at one moment. open-notify tells neither height nor speed nor light: null, never a guess. */
export type Fix = {
  noradId: number
  ts: Date
  latitude: number
  longitude: number
  altitudeKm: number | null
  velocityKmh: number | null
  visibility: Visibility | null
  source: Source
}

const bounds = {
  // Geodetic latitude peaks about 0.156° above the orbit's inclination, which has moved between 51.63° and 51.65°.
  latitude: 51.85,
  altitudeKm: [370, 460],
  velocityKmh: [27_000, 28_500],
  // A clock ahead of ours, or an upstream that keeps answering one old position, is no observation of now.
  aheadSeconds: 60,
  behindSeconds: 600,
} as const

/** Why this cannot be where the ISS is now, or null when it can. */
export function implausible(fix: Fix, now: Date): string | null {
  const { latitude, longitude, altitudeKm, velocityKmh } = fix
  const ageSeconds = (now.getTime() - fix.ts.getTime()) / 1000
  if (fix.noradId !== issNoradId) return `norad_id ${fix.noradId} is not the ISS`
  if (Math.abs(latitude) > bounds.latitude) return `latitude ${latitude} is beyond the orbit's inclination`
  if (longitude < -180 || longitude > 180) return `longitude ${longitude} is not on Earth`
  if (altitudeKm !== null && !within(altitudeKm, bounds.altitudeKm))
    return `altitude ${altitudeKm} km is outside ${bounds.altitudeKm.join('..')}`
  if (velocityKmh !== null && !within(velocityKmh, bounds.velocityKmh))
    return `velocity ${velocityKmh} km/h is outside ${bounds.velocityKmh.join('..')}`
  if (ageSeconds < -bounds.aheadSeconds) return `timestamp is ${Math.round(-ageSeconds)} s in the future`
  if (ageSeconds > bounds.behindSeconds) return `timestamp is ${Math.round(ageSeconds)} s old`
  return null
}

function within(value: number, [low, high]: readonly [number, number]): boolean {
  return value >= low && value <= high
}

const dayMs = 86_400_000

export function daysBetween(a: Date, b: Date): number {
  return Math.abs(a.getTime() - b.getTime()) / dayMs
}

/**
 * How far a computed position may be off, from the age of its elements: drag displaces the ISS by about 2.3 km in a
 * day, growing with the square of time (2 km at 1 day, 111 km at 7, 2 047 km at 30 were measured on a real set). SGP4
 * itself is good to about 1 km at the epoch.
 */
export function errorBoundKm(elementAgeDays: number): number {
  return Math.max(1, 2.3 * elementAgeDays ** 2)
}

/** Two ticks of the clock missed: then a computed position is nearer to the truth than an observed one. */
export const freshFixSeconds = 120

/** Past this the bound is wider than a continent: a position would be an invention. */
export const oldestUsableElementsDays = 30

/** From here on the error grows by tens of kilometres a day. */
export const staleElementsDays = 6

/** An observation this far from fresh elements is not the ISS: their own error is two orders of magnitude smaller. */
export function contradicts(crossCheckKm: number | null, elementAgeDays: number): boolean {
  return crossCheckKm !== null && elementAgeDays <= 3 && crossCheckKm > 1_000
}

/** `C5.0` → 305: the letter is a decade of X-ray flux, the number grows without end within X only. */
export function flareRank(classType: string | null): number | null {
  const [, letter, number] = /^([ABCMX])(\d+(?:\.\d+)?)?$/.exec(classType?.trim().toUpperCase() ?? '') ?? []
  if (letter === undefined) return null
  return 'ABCMX'.indexOf(letter) * 1_000 + Math.round(Number(number ?? 0) * 10)
}
