import { number } from './numbers.ts'
import type { Place, Point } from './place.ts'

/*
 * A map of a town without streets: points to scale, north up, with a scale bar. It asks no host for pictures. The same
 * points are in a list beside it, so that nobody needs the picture.
 */

const [width, height, edge] = [640, 400, 28]
const kmPerDegree = 111.195

export function AreaMap({ sentence, places }: { sentence: string; places: readonly Place[] }) {
  if (places.length === 0) return null
  const box = boxOf(places)
  const kmPerUnit = box.km / (width - 2 * edge)
  const bar = barOf(kmPerUnit)
  return (
    <figure class="area">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={sentence}>
        <rect class="sea" x={0.5} y={0.5} width={width - 1} height={height - 1} rx={6} />
        {places.map(({ key, kind, label, lat, lng }) => {
          const [x, y] = [edge + box.x(lng), edge + box.y(lat)]
          return (
            <g key={key} class={`place ${kind}`}>
              <title>{label}</title>
              {kind === 'from' && <rect x={x - 5} y={y - 5} width={10} height={10} />}
              {kind === 'to' && <path d={`M${x} ${y - 6}L${x + 6} ${y + 5}H${x - 6}Z`} />}
              {kind === 'who' && <circle cx={x} cy={y} r={5} />}
            </g>
          )
        })}
        <g class="scale">
          <path d={`M${edge} ${height - 16}v5h${bar.km / kmPerUnit}v-5`} />
          <text x={edge + bar.km / kmPerUnit + 8} y={height - 8}>
            {bar.label}
          </text>
        </g>
      </svg>
      <figcaption>{sentence} ■ pickup, ▲ drop, ● courier.</figcaption>
    </figure>
  )
}

/** Longitudes are shorter away from the equator, so both axes have one scale. */
function boxOf(places: readonly Point[]) {
  const [lats, lngs] = [places.map(({ lat }) => lat), places.map(({ lng }) => lng)]
  const [south, north] = [Math.min(...lats), Math.max(...lats)]
  const [west, east] = [Math.min(...lngs), Math.max(...lngs)]
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180)
  const [w, h] = [width - 2 * edge, height - 2 * edge - 12]
  const perDegree = Math.min(w / Math.max((east - west) * squeeze, 0.005), h / Math.max(north - south, 0.005))
  const [left, top] = [(w - (east - west) * squeeze * perDegree) / 2, (h - (north - south) * perDegree) / 2]
  return {
    km: (w / perDegree) * kmPerDegree,
    x: (lng: number) => left + (lng - west) * squeeze * perDegree,
    y: (lat: number) => top + (north - lat) * perDegree,
  }
}

function barOf(kmPerUnit: number): { km: number; label: string } {
  const wanted = 120 * kmPerUnit
  const power = 10 ** Math.floor(Math.log10(wanted))
  const km = [5, 2, 1].map((step) => step * power).find((step) => step <= wanted) ?? power
  return { km, label: km >= 1 ? `${number(km)} km` : `${number(km * 1_000)} m` }
}
