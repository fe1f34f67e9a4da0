import type { LatLng } from './geometry.ts'
import { isSunlitAt, type Orbit, type Sighting, sightingFrom, sunElevationAt } from './orbit.ts'

export type Pass = {
  rise: Sighting
  culmination: Sighting
  set: Sighting
  durationSeconds: number
  inProgress: boolean
  /** The time when the satellite is sunlit and the observer is in the dark; null without such a time. */
  visible: { from: Date; until: Date } | null
}

type Search = { from: Date; to: Date; minElevation: number; visibleOnly: boolean }

const second = 1000
const minute = 60 * second
/** The ISS takes at most 11 minutes from horizon to horizon, so a pass in progress rose less than this ago. */
const longestPass = 12 * minute
/** Civil twilight: the sky is dark enough for a satellite as bright as the ISS. */
const darkBelowDegrees = -6

/** Every pass above `minElevation` that overlaps [from, to], by time. A pass in progress at `from` is the first. */
export function passesOver(
  orbit: Orbit,
  observer: LatLng,
  { from, to, minElevation, visibleOnly }: Search,
): Pass[] {
  const look = (ms: number) => sightingFrom(observer, orbit, new Date(ms))
  return culminations(look, from.getTime() - longestPass, to.getTime() + longestPass)
    .filter(({ elevation }) => elevation >= minElevation)
    .map((culmination) => passAround(culmination, { look, minElevation, from }))
    .filter(({ rise, set }) => set.ts > from && rise.ts < to)
    .map((pass) => ({ ...pass, visible: visibleSpan(orbit, observer, pass) }))
    .filter(({ visible }) => visible !== null || !visibleOnly)
}

type Look = (ms: number) => Sighting

/** Elevation has one peak per orbit of 92 minutes. Samples a minute apart bracket each peak; a ternary search finds it. */
function culminations(look: Look, from: number, to: number): Sighting[] {
  const peaks: Sighting[] = []
  let [before, here] = [look(from - minute), look(from)]
  for (let ms = from + minute; ms <= to + minute; ms += minute) {
    const next = look(ms)
    const peaked = here.elevation >= before.elevation && here.elevation > next.elevation
    // Near the horizon a peak is at most 3° above its nearest sample.
    if (peaked && here.elevation > -5) peaks.push(peakBetween(look, ms - 2 * minute, ms))
    before = here
    here = next
  }
  return peaks
}

function peakBetween(look: Look, from: number, to: number): Sighting {
  let [low, high] = [from, to]
  while (high - low > 10) {
    const third = (high - low) / 3
    if (look(low + third).elevation < look(high - third).elevation) low += third
    else high -= third
  }
  return look((low + high) / 2)
}

function passAround(
  culmination: Sighting,
  { look, minElevation, from }: { look: Look; minElevation: number; from: Date },
): Omit<Pass, 'visible'> {
  const peak = culmination.ts.getTime()
  const crossing = (outside: number) => look(crossingBetween(look, minElevation, { outside, inside: peak }))
  const [rise, set] = [crossing(peak - longestPass), crossing(peak + longestPass)]
  return {
    rise,
    culmination,
    set,
    durationSeconds: (set.ts.getTime() - rise.ts.getTime()) / second,
    inProgress: rise.ts <= from && set.ts > from,
  }
}

/** The time when the elevation crosses `minElevation`, on the inner side, so that the elevation there is never below it. */
function crossingBetween(
  look: Look,
  minElevation: number,
  ends: { outside: number; inside: number },
): number {
  let { outside, inside } = ends
  while (Math.abs(outside - inside) > 10) {
    const middle = (outside + inside) / 2
    if (look(middle).elevation >= minElevation) inside = middle
    else outside = middle
  }
  return inside
}

function visibleSpan(orbit: Orbit, observer: LatLng, { rise, set }: Omit<Pass, 'visible'>): Pass['visible'] {
  const step = 5 * second
  const seen: Date[] = []
  for (let ms = rise.ts.getTime(); ms <= set.ts.getTime(); ms += step) {
    const ts = new Date(ms)
    if (sunElevationAt(observer, ts) < darkBelowDegrees && isSunlitAt(orbit, ts)) seen.push(ts)
  }
  const [from, until] = [seen[0], seen.at(-1)]
  return from && until ? { from, until } : null
}
