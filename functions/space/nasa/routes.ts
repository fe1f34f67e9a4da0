import * as z from 'zod'
import { unlessRefused } from '../../core/errors.ts'
import { at, type Endpoint } from '../../http/endpoint.ts'
import { PageQuery } from '../../http/fields.ts'
import { cursorOf } from '../../http/page.ts'
import { dayOf, daysOf, dayWithin, outOfRange } from '../../http/ranges.ts'
import { fresh, freshPage, freshRow, hour, minutes, orNoData, publicRead } from '../../http/reads.ts'
import { inUnits } from '../iss/units.ts'
import * as wire from './contract.ts'
import { listApproaches } from './list-approaches.ts'
import { listWeather } from './list-weather.ts'
import { obtainPicture } from './obtain-picture.ts'
import { rankOfClass } from './rank-of-class.ts'
import { readPicture } from './read-picture.ts'
import { readWeather } from './read-weather.ts'

const on = at('/v1/space', 'space')

export const nasaEndpoints: Endpoint[] = [
  publicRead(
    on,
    '/apod',
    'The astronomy picture of a day',
    { query: wire.PictureQuery, answer: wire.Picture },
    async (ctx, { date = null }) => {
      if (date !== null) dayWithin('date', date, { from: firstPicture, to: dayOf(ctx.now()) })
      const stored = await readPicture(ctx, date)
      const picture = stored ?? (date === null ? null : unlessRefused(await obtainPicture(ctx, date)))
      return fresh(ctx, orNoData(picture, hour), minutes)
    },
  ),
  publicRead(
    on,
    '/neo',
    'Close approaches of near-Earth objects, in order of time',
    {
      query: z.strictObject({ ...wire.ApproachFilter, ...PageQuery }),
      answer: wire.Approaches,
      problems: ['not_covered'],
    },
    async (ctx, { hazardous = null, units, limit, cursor, ...days }) => {
      const after = cursorOf(wire.ApproachCursor, cursor)
      const range = daysOf(ctx, days, { back: 1, ahead: 7 })
      const read = await listApproaches(ctx, { ...range, hazardous, after, limit: limit + 1 })
      const listed = unlessRefused(read)
      return freshPage(ctx, listed, {
        limit,
        keyOf: ({ approachAt, id, orbitingBody }) => [approachAt, id, orbitingBody],
        show: (approach) => inUnits(approach, units),
      })
    },
  ),
  publicRead(
    on,
    '/donki/{type}',
    'Space weather events of one type, newest first',
    {
      params: wire.WeatherPath,
      query: z.strictObject({ ...wire.WeatherFilter, ...PageQuery }),
      answer: wire.WeatherEvents,
      problems: ['not_covered'],
    },
    async (ctx, { type, minClass, limit, cursor, ...days }) => {
      const minRank = minClass === undefined ? null : (rankOfClass(type, minClass) ?? refuseClass(type))
      const before = cursorOf(wire.WeatherCursor, cursor)
      const range = daysOf(ctx, days, { back: 30, ahead: 0 })
      const read = await listWeather(ctx, { type, ...range, minRank, before, limit: limit + 1 })
      const listed = unlessRefused(read)
      return freshPage(ctx, listed, {
        limit,
        keyOf: ({ startedAt, id }) => [startedAt, id],
        show: (event) => event,
      })
    },
  ),
  publicRead(
    on,
    '/donki/{type}/{id}',
    'A space weather event and its versions',
    { params: wire.WeatherEventPath, answer: wire.WeatherEventWithVersions },
    async (ctx, event) => freshRow(ctx, await readWeather(ctx, event)),
  ),
]

/** The day of the first picture. */
const firstPicture = '1995-06-16'

function refuseClass(type: string): never {
  return outOfRange('minClass', `Allowed for ${type}: ${classes[type] ?? 'none'}`)
}

const classes: Record<string, string> = { flr: 'A0.0 to X99.9', gst: '0 to 9 (Kp)', cme: '0 to 9999 (km/s)' }
