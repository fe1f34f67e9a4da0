import {
  dayIn,
  type Fields,
  fieldsOf,
  flagIn,
  idIn,
  jsonOf,
  linkIn,
  listOf,
  Malformed,
  maybeFlagIn,
  maybeNumberIn,
  maybeNumberWithin,
  numberIn,
  type Parsed,
  parsingEach,
  textIn,
} from '../upstreams/lenient.ts'

export type Approach = {
  neoId: string
  closeApproachDate: string
  orbitingBody: string
  name: string
  approachAt: Date
  hazardous: boolean
  sentry: boolean | null
  absoluteMagnitude: number | null
  diameterMinM: number | null
  diameterMaxM: number | null
  velocityKmh: number
  missDistanceKm: number
  jplUrl: string | null
  raw: Fields
}

/** The NeoWs feed lists objects by day, in no particular order. Distances and speeds are texts. */
export function parseApproaches(body: string): Parsed<Approach[]> {
  const objects = parsingEach(
    () => {
      const feed = fieldsOf(jsonOf(body), 'the feed')
      const days = Object.values(fieldsOf(feed['near_earth_objects'], 'near_earth_objects'))
      return days.flatMap((day) => (Array.isArray(day) ? day : [day]))
    },
    (object) => approachesOf(fieldsOf(object, 'an object')),
  )
  return objects.ok ? { ...objects, value: objects.value.flat() } : objects
}

function approachesOf(object: Fields): Approach[] {
  const raw = withoutLinks(object)
  const meters = fieldsOf(fieldsOf(raw['estimated_diameter'], 'estimated_diameter')['meters'], 'meters')
  return listOf(raw['close_approach_data'], 'close_approach_data').map((entry) => {
    const approach = fieldsOf(entry, 'an approach')
    return {
      neoId: idIn(raw, 'id'),
      closeApproachDate: dayIn(approach, 'close_approach_date'),
      orbitingBody: idIn(approach, 'orbiting_body'),
      name: textIn(raw, 'name'),
      approachAt: approachMoment(approach),
      hazardous: flagIn(raw, 'is_potentially_hazardous_asteroid'),
      sentry: maybeFlagIn(raw, 'is_sentry_object'),
      absoluteMagnitude: maybeNumberIn(raw, 'absolute_magnitude_h'),
      diameterMinM: maybeNumberWithin(meters, 'estimated_diameter_min', diameters),
      diameterMaxM: maybeNumberWithin(meters, 'estimated_diameter_max', diameters),
      velocityKmh: numberIn(
        fieldsOf(approach['relative_velocity'], 'relative_velocity'),
        'kilometers_per_hour',
      ),
      missDistanceKm: numberIn(fieldsOf(approach['miss_distance'], 'miss_distance'), 'kilometers'),
      jplUrl: linkIn(raw, 'nasa_jpl_url'),
      raw,
    }
  })
}

const diameters = { least: 0, most: 1_000_000 }

/** Milliseconds since 1970, while all other upstreams send seconds. The day is sent as well, and both must agree. */
function approachMoment(approach: Fields): Date {
  const ms = numberIn(approach, 'epoch_date_close_approach')
  const day = Date.parse(dayIn(approach, 'close_approach_date'))
  if (Math.abs(ms - day) > 2 * 86_400_000)
    throw new Malformed('epoch_date_close_approach is not on close_approach_date')
  return new Date(ms)
}

/** `links` contain the caller's API key at every level, so they are never stored. */
function withoutLinks({ links: _links, ...rest }: Fields): Fields {
  return rest
}
