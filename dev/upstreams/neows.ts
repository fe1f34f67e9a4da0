import { type Answer, dayOf, daysBetween, dice, isDay, json, type UpstreamRequest } from './answer.ts'

/** api.nasa.gov/neo/rest/v1/feed: at most seven days, with distances as text and the caller's key in every link. */
export function neows({ path, query, headers }: UpstreamRequest): Answer {
  if (path !== '/neo/rest/v1/feed')
    return json({ code: 404, http_error: 'NOT_FOUND', error_message: 'no such path' }, 404)
  const from = query.get('start_date') ?? ''
  const to = query.get('end_date') ?? (isDay(from) ? dayOf(new Date(Date.parse(from) + 7 * 86_400_000)) : '')
  if (!isDay(from) || !isDay(to) || daysBetween(from, to).length > 8)
    return json(
      {
        code: 400,
        http_error: 'BAD_REQUEST',
        error_message:
          'Date Format Exception - Expected format (yyyy-mm-dd) - The Feed date limit is only 7 Days',
        request: `http://api.nasa.gov${path}`,
      },
      400,
    )
  const key = headers.get('x-api-key') ?? query.get('api_key') ?? ''
  const days = daysBetween(from, to).map((day) => [day, objectsOf(day, key)] as const)
  const self = (start: string, end: string) =>
    `http://api.nasa.gov/neo/rest/v1/feed?start_date=${start}&end_date=${end}&detailed=false&api_key=${key}`
  return json({
    links: { next: self(to, to), previous: self(from, from), self: self(from, to) },
    element_count: days.reduce((count, [, objects]) => count + objects.length, 0),
    near_earth_objects: Object.fromEntries(days.toReversed()),
  })
}

function objectsOf(day: string, key: string): Record<string, unknown>[] {
  const roll = dice(`neo ${day}`)
  return Array.from({ length: 4 + Math.floor(roll() * 8) }, (_, index) => {
    const id = String(2_000_000 + Math.floor(roll() * 500_000))
    const meters = 10 + roll() ** 4 * 900
    const kmPerSecond = 5 + roll() * 25
    const au = 0.002 + roll() * 0.4
    const at = Date.parse(day) + Math.floor(roll() * 1440) * 60_000
    const wide = (scale: number) => ({
      estimated_diameter_min: meters * scale,
      estimated_diameter_max: meters * scale * 2.236,
    })
    return {
      links: { self: `http://api.nasa.gov/neo/rest/v1/neo/${id}?api_key=${key}` },
      id,
      neo_reference_id: id,
      name: `${id.slice(1)} (${day.slice(0, 4)} ${String.fromCharCode(65 + (index % 26))}${index})`,
      nasa_jpl_url: `http://ssd.jpl.nasa.gov/sbdb.cgi?sstr=${id}`,
      absolute_magnitude_h: Number((15 + roll() * 12).toFixed(2)),
      estimated_diameter: {
        kilometers: wide(0.001),
        meters: wide(1),
        miles: wide(0.000_621),
        feet: wide(3.28),
      },
      is_potentially_hazardous_asteroid: meters > 140 && au < 0.05,
      close_approach_data: [
        {
          close_approach_date: day,
          close_approach_date_full: new Date(at).toISOString(),
          epoch_date_close_approach: at,
          relative_velocity: {
            kilometers_per_second: String(kmPerSecond),
            kilometers_per_hour: String(kmPerSecond * 3600),
            miles_per_hour: String(kmPerSecond * 2236.94),
          },
          miss_distance: {
            astronomical: String(au),
            lunar: String(au * 389.17),
            kilometers: String(au * 149_597_870.7),
            miles: String(au * 92_955_807.3),
          },
          orbiting_body: 'Earth',
        },
      ],
      is_sentry_object: roll() < 0.02,
    }
  })
}
