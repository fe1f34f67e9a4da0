import {
  dayIn,
  type Fields,
  fieldsOf,
  flagIn,
  jsonOf,
  linkIn,
  listOf,
  Malformed,
  maybeNumberIn,
  numberIn,
  type Parsed,
  parsing,
  textIn,
} from '../upstreams/lenient.ts'

export type Approach = {
  neoId: string
  closeApproachDate: string
  orbitingBody: string
  name: string
  approachAt: Date
  hazardous: boolean
  sentry: boolean
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
  return parsing(() => {
    const feed = fieldsOf(jsonOf(body), 'the feed')
    const days = Object.values(fieldsOf(feed['near_earth_objects'], 'near_earth_objects'))
    return days.flatMap((day) =>
      listOf(day, 'a day').flatMap((object) => approachesOf(fieldsOf(object, 'an object'))),
    )
  })
}

function approachesOf(object: Fields): Approach[] {
  const raw = withoutLinks(object)
  const meters = fieldsOf(fieldsOf(raw['estimated_diameter'], 'estimated_diameter')['meters'], 'meters')
  return listOf(raw['close_approach_data'], 'close_approach_data').map((entry) => {
    const approach = fieldsOf(entry, 'an approach')
    return {
      neoId: textIn(raw, 'id'),
      closeApproachDate: dayIn(approach, 'close_approach_date'),
      orbitingBody: textIn(approach, 'orbiting_body'),
      name: textIn(raw, 'name'),
      approachAt: approachMoment(approach),
      hazardous: flagIn(raw, 'is_potentially_hazardous_asteroid'),
      sentry: raw['is_sentry_object'] === true,
      absoluteMagnitude: maybeNumberIn(raw, 'absolute_magnitude_h'),
      diameterMinM: maybeNumberIn(meters, 'estimated_diameter_min'),
      diameterMaxM: maybeNumberIn(meters, 'estimated_diameter_max'),
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

/** Milliseconds since 1970, while all other upstreams send seconds. */
function approachMoment(approach: Fields): Date {
  const ms = numberIn(approach, 'epoch_date_close_approach')
  if (ms < Date.UTC(1900) || ms > Date.UTC(2200))
    throw new Malformed('epoch_date_close_approach is not a moment')
  return new Date(ms)
}

/** `links` contain the caller's API key at every level, so they are never stored. */
function withoutLinks({ links: _links, ...rest }: Fields): Fields {
  return rest
}
