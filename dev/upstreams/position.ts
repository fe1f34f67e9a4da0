import { type Elements, placeAt } from '../../functions/space/iss/orbit.ts'
import { type Answer, json, nothingThere, text, type UpstreamRequest } from './answer.ts'
import { elementsAt, orbitAt } from './orbit.ts'
import { twoLines } from './two-lines.ts'

/** api.wheretheiss.at */
export function wheretheiss({ path, query, now }: UpstreamRequest): Answer {
  if (path === '/v1/satellites/25544/tles') return tles(now)
  if (path !== '/v1/satellites/25544') return json({ error: 'satellite not found', status: 404 }, 404)
  const seconds = Number(query.get('timestamp') ?? Math.floor(now.getTime() / 1000))
  const ts = new Date(seconds * 1000)
  const place = placeAt(orbitAt(ts), ts)
  if (!place) return nothingThere()
  const miles = query.get('units') === 'miles'
  const scale = miles ? 0.621371192237334 : 1
  return json({
    name: 'iss',
    id: 25544,
    latitude: place.latitude,
    longitude: place.longitude,
    altitude: place.altitudeKm * scale,
    velocity: place.velocityKmh * scale,
    visibility: place.visibility,
    footprint: 4500 * scale,
    timestamp: seconds,
    daynum: seconds / 86_400 + 2_440_587.5,
    solar_lat: 0,
    solar_lon: (((180 - (seconds % 86_400) / 240) % 360) + 360) % 360,
    units: miles ? 'miles' : 'kilometers',
  })
}

function tles(now: Date): Answer {
  const elements = elementsAt(now)
  const [line1, line2] = twoLines(elements)
  return json({
    requested_timestamp: Math.floor(now.getTime() / 1000),
    tle_timestamp: Math.floor(Date.parse(`${elements.EPOCH}Z`) / 1000),
    id: '25544',
    name: 'iss',
    header: elements.OBJECT_NAME,
    line1,
    line2,
  })
}

/** api.open-notify.org: latitude and longitude as text. */
export function openNotify({ path, now }: UpstreamRequest): Answer {
  if (path !== '/iss-now.json') return nothingThere()
  const ts = new Date(Math.floor(now.getTime() / 1000) * 1000)
  const place = placeAt(orbitAt(ts), ts)
  return json({
    timestamp: ts.getTime() / 1000,
    iss_position: { latitude: place?.latitude.toFixed(4), longitude: place?.longitude.toFixed(4) },
    message: 'success',
  })
}

/** celestrak.org: a second request within two hours gets a text instead of data. */
export function makeCelestrak(): (request: UpstreamRequest) => Answer {
  let last: Date | null = null
  return ({ path, query, now }) => {
    if (path !== '/NORAD/elements/gp.php') return nothingThere()
    if (query.get('CATNR') !== '25544') return text('No GP data found', 404)
    if (last && now.getTime() - last.getTime() < 2 * 3_600_000) return text(notUpdated(last), 403)
    last = now
    const elements: Elements = elementsAt(now)
    if (query.get('FORMAT') === 'TLE')
      return text(['ISS (ZARYA)'.padEnd(24), ...twoLines(elements), ''].join('\r\n'))
    return json([{ ...elements, EPHEMERIS_TYPE: 0, CLASSIFICATION_TYPE: 'U', REV_AT_EPOCH: 58573 }])
  }
}

export function notUpdated(last: Date): string {
  const moment = last.toISOString().slice(0, 19).replace('T', ' ')
  return `GP data has not updated since your last successful\ndownload of CATNR=25544 at ${moment} UTC.\nData is updated once every 2 hours.\n`
}

/** db.satnogs.org */
export function satnogs({ path, query, now }: UpstreamRequest): Answer {
  if (path !== '/api/tle/' || query.get('norad_cat_id') !== '25544') return json([])
  const elements = elementsAt(now)
  const [tle1, tle2] = twoLines(elements)
  return json([
    {
      tle0: `0 ${elements.OBJECT_NAME}`,
      tle1,
      tle2,
      tle_source: 'simulated',
      sat_id: 'XSKZ-5603-1870-9019-3066',
      norad_cat_id: 25544,
      updated: now.toISOString(),
    },
  ])
}
