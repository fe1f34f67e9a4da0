import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { at, type Endpoint } from '../../http/endpoint.ts'
import { PageQuery } from '../../http/fields.ts'
import { cursorOf } from '../../http/page.ts'
import { dayMs, daysFromNow, within } from '../../http/ranges.ts'
import {
  fresh,
  freshList,
  freshPage,
  hour,
  minutes,
  orNoData,
  publicRead,
  seconds,
} from '../../http/reads.ts'
import { Units } from '../contract.ts'
import * as wire from './contract.ts'
import { coverage } from './coverage.ts'
import { dailyStats } from './daily-stats.ts'
import { trackAsGeoJson } from './geojson.ts'
import { hourlyStats } from './hourly-stats.ts'
import { listPositions } from './list-positions.ts'
import { locateIss } from './locate.ts'
import { locateIssAt } from './locate-at.ts'
import { predictPasses } from './predict-passes.ts'
import { predictTrack } from './predict-track.ts'
import { inUnits } from './units.ts'

const on = at('/v1/space', 'space')
const geoJson = 'application/geo+json'

export const issEndpoints: Endpoint[] = [
  publicRead(
    on,
    '/iss',
    'Current position of the ISS',
    { query: wire.UnitsQuery, answer: wire.CurrentPosition },
    async (ctx, { units }) => fresh(ctx, inUnits(orNoData(await locateIss(ctx), 60), units), seconds),
  ),
  publicRead(
    on,
    '/iss/at',
    'Position of the ISS at a given time',
    { query: wire.AtQuery, answer: wire.CurrentPosition },
    async (ctx, { ts, units }) => {
      const at = within('ts', new Date(ts), { from: launch, to: daysFromNow(ctx, 30) })
      return fresh(ctx, inUnits(orNoData(await locateIssAt(ctx, at), hour), units), minutes)
    },
  ),
  publicRead(
    on,
    '/iss/positions',
    'Logged positions, oldest first',
    { query: z.strictObject({ ...wire.RangeQuery, ...Units, ...PageQuery }), answer: wire.Positions },
    async (ctx, { units, limit, cursor, ...range }) => {
      const [after = null] = cursorOf(z.tuple([z.string()]), cursor) ?? []
      const listed = await listPositions(ctx, { ...rangeOf(ctx, range), after, limit: limit + 1 })
      return freshPage(ctx, listed, { limit, keyOf: ({ ts }) => [ts], show: (fix) => inUnits(fix, units) })
    },
  ),
  publicRead(
    on,
    '/iss/track',
    'Ground track of the ISS',
    {
      query: wire.TrackQuery,
      answer: wire.Track,
      description: 'The GeoJSON form is one feature, split at the antimeridian.',
      alsoAs: { [geoJson]: wire.TrackFeature },
    },
    async (ctx, { from, units, ...steps }, form) => {
      const begin = within('from', from ? new Date(from) : ctx.now(), {
        from: launch,
        to: daysFromNow(ctx, 30),
      })
      const track = orNoData(await predictTrack(ctx, { from: begin, ...steps }), hour)
      if (form === geoJson)
        return { ...fresh(ctx, trackAsGeoJson(track), minutes, track.asOf), mediaType: geoJson }
      const data = track.data.map((place) => inUnits({ ...place, ts: place.ts.toISOString() }, units))
      return fresh(ctx, { ...inUnits({ ...track, data: [] }, units), data }, minutes, track.asOf)
    },
  ),
  publicRead(
    on,
    '/iss/passes',
    'Passes of the ISS over a place',
    { query: wire.PassesQuery, answer: wire.Passes },
    async (ctx, { lat, lng, units, ...search }) => {
      const observer = { latitude: lat, longitude: lng }
      const passes = orNoData(await predictPasses(ctx, { observer, ...search }), hour)
      return fresh(ctx, inUnits(passes, units), minutes, passes.asOf)
    },
  ),
  publicRead(
    on,
    '/iss/stats/hourly',
    'Hourly statistics, newest first',
    { query: wire.HourlyQuery, answer: wire.HourlyStats },
    async (ctx, { hours, units }) =>
      freshList(ctx, await hourlyStats(ctx, hours), (row) => inUnits(row, units)),
  ),
  publicRead(
    on,
    '/iss/stats/daily',
    'Daily statistics, newest first',
    { query: wire.DailyQuery, answer: wire.DailyStats },
    async (ctx, { days, units }) => freshList(ctx, await dailyStats(ctx, days), (row) => inUnits(row, units)),
  ),
  publicRead(
    on,
    '/iss/coverage',
    'Observations of the ISS per 5° square',
    { query: wire.UnitsQuery, answer: wire.Coverage },
    async (ctx, { units }) => freshList(ctx, await coverage(ctx), (row) => inUnits(row, units)),
  ),
]

/** The launch of the first module of the ISS. */
const launch = new Date('1998-11-20T00:00:00Z')
type Range = { from?: string | undefined; to?: string | undefined }

function rangeOf(ctx: Ctx, { from, to }: Range): { from: Date; to: Date } {
  const end = within('to', to ? new Date(to) : ctx.now(), { from: launch, to: daysFromNow(ctx, 1) })
  const start = from ? new Date(from) : new Date(Math.max(end.getTime() - dayMs, launch.getTime()))
  return { from: within('from', start, { from: launch, to: end }), to: end }
}
