import { cutAtAntimeridian } from './geometry.ts'
import type { Place } from './orbit.ts'
import type { Predicted } from './predict.ts'

/** RFC 7946: longitude first, and a line that crosses the antimeridian is cut there. */
export function trackAsGeoJson({ data, ...properties }: Predicted<Place>) {
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
