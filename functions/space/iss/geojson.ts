import { cutAtAntimeridian } from './geometry.ts'
import type { Place } from './orbit.ts'
import type { Prediction } from './prediction.ts'

/** RFC 7946: longitude first. A line that crosses the antimeridian is cut there. */
export function trackAsGeoJson({ data, ...properties }: Prediction<Place>) {
  const coordinates = cutAtAntimeridian(data).map((piece) =>
    piece.map(({ longitude, latitude }) => [longitude, latitude]),
  )
  const [first, last] = [data[0], data.at(-1)]
  return {
    type: 'Feature',
    properties: { ...properties, from: first?.ts.toISOString() ?? '', until: last?.ts.toISOString() ?? '' },
    geometry: { type: 'MultiLineString', coordinates },
  }
}
