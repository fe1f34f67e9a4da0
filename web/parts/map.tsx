import { signal } from '@preact/signals'
import { geoCircle, geoEqualEarth, geoGraticule10, geoPath } from 'd3-geo'
import { useEffect } from 'preact/hooks'
import { feature } from 'topojson-client'
import landAddress from 'world-atlas/land-110m.json'
import type { Point } from './place.ts'

/*
 * A map of the world without tiles and without another host. The land is one request, made once. Marks are points in
 * degrees; areas are circles on the sphere, such as the night side.
 */

type Shape = Parameters<ReturnType<typeof geoPath>>[0]
export type Mark = Point & { label: string; kind: 'solid' | 'hollow'; ringKm?: number | null }
/** Positions in the order of time; the track is cut where it crosses the date line. */
export type Track = { points: readonly Point[]; kind: 'past' | 'future' }

type MapOf = {
  /** Read instead of the picture. */
  sentence: string
  marks?: readonly Mark[]
  tracks?: readonly Track[]
  /** The point below the sun; the other half of the earth is dark. */
  sun?: Point
}

const width = 960
const height = 468
const kmPerDegree = 111.195
const projection = geoEqualEarth().fitExtent(
  [
    [2, 2],
    [width - 2, height - 2],
  ],
  { type: 'Sphere' },
)
const draw = geoPath(projection).digits(1)
const sphere = draw({ type: 'Sphere' }) ?? ''
const graticule = draw(geoGraticule10()) ?? ''
const land = signal<string | null>(null)

async function loadLand(): Promise<void> {
  if (land.value !== null) return
  const response = await fetch(landAddress)
  const topology = await response.json()
  const shape: unknown = feature(topology, topology.objects.land)
  land.value = draw(shape as Shape) ?? ''
}

export function WorldMap({ sentence, marks = [], tracks = [], sun }: MapOf) {
  useEffect(() => void loadLand().catch(() => undefined), [])
  return (
    <figure class="map">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={sentence}>
        <path class="sea" d={sphere} />
        <path class="graticule" d={graticule} />
        <path class="land" d={land.value ?? ''} />
        {sun && <path class="night" d={draw(nightOf(sun)) ?? ''} />}
        {tracks.map(({ points, kind }) => (
          <path key={kind} class={`track ${kind}`} d={draw(lineOf(points)) ?? ''} />
        ))}
        {marks.map((mark) => (
          <MarkOf key={mark.label} {...mark} />
        ))}
      </svg>
      <figcaption>{sentence}</figcaption>
    </figure>
  )
}

function MarkOf({ lat, lng, label, kind, ringKm }: Mark) {
  const at = projection([lng, lat])
  if (at === null) return null
  const [x, y] = at
  const ring = ringKm
    ? geoCircle()
        .center([lng, lat])
        .radius(ringKm / kmPerDegree)()
    : null
  const isRight = x > width - 120
  return (
    <g class={`mark ${kind}`}>
      {ring && <path class="ring" d={draw(ring) ?? ''} />}
      <circle cx={x} cy={y} r={7} />
      <text x={isRight ? x - 14 : x + 14} y={y + 6} text-anchor={isRight ? 'end' : 'start'}>
        {label}
      </text>
    </g>
  )
}

function nightOf({ lat, lng }: Point): Shape {
  return geoCircle()
    .center([lng + 180, -lat])
    .radius(90)()
}

function lineOf(points: readonly Point[]): Shape {
  return { type: 'LineString', coordinates: points.map(({ lat, lng }) => [lng, lat]) }
}

/**
 * The point of the earth that has the sun overhead: the low-precision formulae of the Astronomical Almanac, good for about
 * 0.01° until 2050.
 */
export function sunAt(ms: number): Point {
  const rad = Math.PI / 180
  const days = ms / 86_400_000 - 10_957.5
  const anomaly = (357.528 + 0.985_600_3 * days) * rad
  const mean = 280.46 + 0.985_647_4 * days
  const longitude = (mean + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * rad
  const obliquity = (23.439 - 0.000_000_4 * days) * rad
  const declination = Math.asin(Math.sin(obliquity) * Math.sin(longitude))
  const ascension = Math.atan2(Math.cos(obliquity) * Math.sin(longitude), Math.cos(longitude)) / rad
  const sidereal = 280.460_618_37 + 360.985_647_366_29 * days
  return { lat: declination / rad, lng: ((((ascension - sidereal) % 360) + 540) % 360) - 180 }
}
