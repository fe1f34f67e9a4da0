export const issNoradId = 25544

export type Source = 'wheretheiss' | 'open-notify' | 'sgp4'
export type Visibility = 'daylight' | 'eclipsed'

/** The position of a satellite at one moment. open-notify sends no height, speed or visibility: these are null, never a guess. */
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
  // Geodetic latitude peaks about 0.156° above the orbit's inclination, which varies between 51.63° and 51.65°.
  latitude: 51.85,
  altitudeKm: [370, 460],
  velocityKmh: [27_000, 28_500],
  // A timestamp from a fast clock, or one old position that is sent again and again, is no observation of now.
  aheadSeconds: 60,
  behindSeconds: 600,
} as const

/** The reason why this cannot be the position of the ISS now, or null if it can. */
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

export const dayMs = 86_400_000

export function daysBetween(a: Date, b: Date): number {
  return Math.abs(a.getTime() - b.getTime()) / dayMs
}

/**
 * The greatest error of a computed position, from the age of its elements. Drag displaces the ISS by about 2.3 km in a day,
 * and the error grows with the square of time: 2 km at 1 day, 111 km at 7 and 2 047 km at 30 were measured on a real set.
 * SGP4 itself is accurate to about 1 km at the epoch.
 */
export function errorBoundKm(elementAgeDays: number): number {
  return Math.max(1, 2.3 * elementAgeDays ** 2)
}

/** After two missed ticks a computed position is more accurate than the last observed one. */
export const freshFixSeconds = 120

/** After this the error is wider than a continent, so no position is computed. */
export const oldestUsableElementsDays = 30

/** After this the error grows by tens of kilometres a day. */
export const staleElementsDays = 6

/** An observation this far from fresh elements is wrong: their own error is two orders of magnitude smaller. */
export function contradicts(crossCheckKm: number | null, elementAgeDays: number): boolean {
  return crossCheckKm !== null && elementAgeDays <= 3 && crossCheckKm > 1_000
}

/** `C5.0` → 2050. The letter is a decade of X-ray flux; only within X has the number no upper end. A bare letter has no rank. */
export function flareRank(classType: string | null): number | null {
  const [, letter, number] =
    /^([ABCMX])(\d{1,3}(?:\.\d+)?)$/.exec(classType?.trim().toUpperCase() ?? '') ?? []
  if (letter === undefined) return null
  return 'ABCMX'.indexOf(letter) * 1_000 + Math.round(Number(number) * 10)
}

/** The year of two digits. There was no spaceflight before 1957, so `98` is 1998. */
export function spaceYear(twoDigits: string): number {
  const year = Number(twoDigits)
  return year < 57 ? 2000 + year : 1900 + year
}
