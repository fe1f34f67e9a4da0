import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { AppError } from '../core/errors.ts'
import { type Answer, at, type Endpoint, type Given, ok } from '../http/endpoint.ts'
import { PageQuery } from '../http/fields.ts'
import { cursorOf, page } from '../http/page.ts'
import * as wire from './contract.ts'
import { trackAsGeoJson } from './iss/geojson.ts'
import { listPositions } from './iss/list-positions.ts'
import { locateIss } from './iss/locate.ts'
import { locateIssAt } from './iss/locate-at.ts'
import { predictPasses, predictTrack } from './iss/predict.ts'
import { coverage, dailyStats, hourlyStats } from './iss/stats.ts'
import { inUnits, type Units } from './iss/units.ts'
import { listApproaches } from './nasa/list-approaches.ts'
import { listWeather, rankOf } from './nasa/list-weather.ts'
import { readPicture } from './nasa/read-picture.ts'
import { readWeather } from './nasa/read-weather.ts'
import { listChanges } from './osdr/list-changes.ts'
import { listDatasets } from './osdr/list-datasets.ts'
import { readDataset } from './osdr/read-dataset.ts'
import { osdrByYear, osdrStats, recentActivity } from './osdr/stats.ts'
import type { Viewed } from './views/read.ts'

const on = at('/v1/space', 'space')

const dayMs = 86_400_000
const geoJson = 'application/geo+json'

/** How long an answer may be reused: about as long as its source stays the same. */
const [seconds, minutes, hour] = [5, 60, 3_600]

export const spaceEndpoints: Endpoint[] = [
  read(
    '/iss',
    'Where the ISS is',
    { query: wire.UnitsQuery, answer: wire.CurrentPosition },
    async (ctx, { units }) => fresh(ctx, inUnits(known(await locateIss(ctx), 60), units), seconds),
  ),
  read(
    '/iss/at',
    'Where the ISS was or will be',
    { query: wire.AtQuery, answer: wire.CurrentPosition },
    async (ctx, { ts, units }) => {
      const at = within('ts', new Date(ts), { from: launch, to: daysFromNow(ctx, 30) })
      return fresh(ctx, inUnits(known(await locateIssAt(ctx, at), hour), units), minutes)
    },
  ),
  read(
    '/iss/positions',
    'The log of positions, oldest first',
    { query: z.strictObject({ ...wire.RangeQuery, ...wire.Units, ...PageQuery }), answer: wire.Positions },
    async (ctx, { units, limit, cursor, ...range }) => {
      const [after = null] = cursorOf(z.tuple([z.string()]), cursor) ?? []
      const listed = await listPositions(ctx, { ...rangeOf(ctx, range), after, limit: limit + 1 })
      return paged(ctx, listed, { limit, keyOf: ({ ts }) => [ts], show: (fix) => inUnits(fix, units) })
    },
  ),
  read(
    '/iss/track',
    'The ground track to come',
    {
      query: wire.TrackQuery,
      answer: wire.Track,
      description: 'As GeoJSON it is a feature, cut at the antimeridian.',
      alsoAs: { [geoJson]: wire.TrackFeature },
    },
    async (ctx, { from, units, ...asked }, accept) => {
      const begin = within('from', from ? new Date(from) : ctx.now(), {
        from: launch,
        to: daysFromNow(ctx, 30),
      })
      const track = known(await predictTrack(ctx, { from: begin, ...asked }), hour)
      if (accept.includes(geoJson))
        return { ...fresh(ctx, trackAsGeoJson(track), minutes, track.asOf), mediaType: geoJson }
      const data = track.data.map((place) => inUnits({ ...place, ts: place.ts.toISOString() }, units))
      return fresh(ctx, { ...inUnits({ ...track, data: [] }, units), data }, minutes, track.asOf)
    },
  ),
  read(
    '/iss/passes',
    'When the ISS passes over a place',
    { query: wire.PassesQuery, answer: wire.Passes },
    async (ctx, { lat, lng, units, ...asked }) => {
      const observer = { latitude: lat, longitude: lng }
      const passes = known(await predictPasses(ctx, { observer, ...asked }), hour)
      return fresh(ctx, inUnits(passes, units), minutes, passes.asOf)
    },
  ),
  read(
    '/iss/stats/hourly',
    'The ISS hour by hour, newest first',
    { query: wire.HourlyQuery, answer: wire.HourlyStats },
    async (ctx, { hours, units }) => listed(ctx, await hourlyStats(ctx, hours), units),
  ),
  read(
    '/iss/stats/daily',
    'The ISS day by day, newest first',
    { query: wire.DailyQuery, answer: wire.DailyStats },
    async (ctx, { days, units }) => listed(ctx, await dailyStats(ctx, days), units),
  ),
  read(
    '/iss/coverage',
    'How often the ISS was where, in squares of 5°',
    { query: wire.UnitsQuery, answer: wire.Coverage },
    async (ctx, { units }) => listed(ctx, await coverage(ctx), units),
  ),

  read(
    '/osdr/datasets',
    'Datasets of the Open Science Data Repository',
    { query: z.strictObject({ ...wire.DatasetFilter, ...PageQuery }), answer: wire.ListedDatasets },
    async (ctx, { q = null, organism = null, project = null, sort, limit, cursor }) => {
      const after = cursorOf(wire.DatasetCursor, cursor)
      const listed = await listDatasets(ctx, { q, organism, project, sort, after, limit: limit + 1 })
      return paged(ctx, listed, {
        limit,
        keyOf: ({ key, dataset }) => [key, dataset.accession],
        show: ({ dataset }) => dataset,
      })
    },
  ),
  read(
    '/osdr/datasets/{accession}',
    'A dataset with all its metadata',
    { params: wire.Accession, answer: wire.Dataset },
    async (ctx, { accession }) => single(ctx, await readDataset(ctx, accession)),
  ),
  read(
    '/osdr/changes',
    'What changed in the catalogue, oldest first',
    { query: wire.ChangesQuery, answer: wire.Changes },
    async (ctx, { after, limit }) => {
      const changes = await listChanges(ctx, { after: cursorOf(wire.ChangeCursor, after), limit: limit + 1 })
      const { data, nextCursor } = page(changes, limit, ({ xid, id }) => [xid, id])
      const { nextCursor: cursor } = page([...data, ...data.slice(-1)], data.length, ({ xid, id }) => [
        xid,
        id,
      ])
      return ok({
        data: data.map(({ xid: _xid, ...change }) => change),
        cursor: cursor ?? after ?? null,
        nextCursor,
      })
    },
  ),
  read('/osdr/stats', 'The catalogue in numbers', { answer: wire.OsdrStats }, async (ctx) =>
    fresh(ctx, known(await osdrStats(ctx), hour), minutes),
  ),
  read('/osdr/by-year', 'Datasets by the year of their release', { answer: wire.OsdrByYear }, async (ctx) =>
    listed(ctx, await osdrByYear(ctx)),
  ),
  read('/activity', 'What came in during the last 24 hours', { answer: wire.Activity }, async (ctx) =>
    listed(ctx, await recentActivity(ctx)),
  ),

  read(
    '/apod',
    'The astronomy picture of a day',
    { query: wire.PictureQuery, answer: wire.Picture },
    async (ctx, { date = null }) => {
      if (date !== null) dayWithin('date', date, { from: firstPicture, to: dayOf(ctx.now()) })
      const picture = await readPicture(ctx, date)
      if (date !== null && picture === null)
        throw new AppError('not_found', `No picture of ${date} is kept here`)
      return fresh(ctx, known(picture, hour), minutes)
    },
  ),
  read(
    '/neo',
    'Near-Earth objects that come close, in the order in which they come',
    { query: z.strictObject({ ...wire.ApproachFilter, ...PageQuery }), answer: wire.Approaches },
    async (ctx, { hazardous = null, units, limit, cursor, ...days }) => {
      const after = cursorOf(wire.ApproachCursor, cursor)
      const asked = daysOf(ctx, days, { back: 1, ahead: 7 })
      const listed = await listApproaches(ctx, { ...asked, hazardous, after, limit: limit + 1 })
      return paged(ctx, listed, {
        limit,
        keyOf: ({ approachAt, id, orbitingBody }) => [approachAt, id, orbitingBody],
        show: (approach) => inUnits(approach, units),
      })
    },
  ),
  read(
    '/donki/{type}',
    'Space weather events of one type, newest first',
    {
      params: wire.WeatherPath,
      query: z.strictObject({ ...wire.WeatherFilter, ...PageQuery }),
      answer: wire.WeatherEvents,
    },
    async (ctx, { type, minClass, limit, cursor, ...days }) => {
      const minRank = minClass === undefined ? null : (rankOf(type, minClass) ?? refuseClass(type))
      const before = cursorOf(wire.WeatherCursor, cursor)
      const asked = daysOf(ctx, days, { back: 30, ahead: 0 })
      const listed = await listWeather(ctx, { type, ...asked, minRank, before, limit: limit + 1 })
      return paged(ctx, listed, {
        limit,
        keyOf: ({ startedAt, id }) => [startedAt, id],
        show: (event) => event,
      })
    },
  ),
  read(
    '/donki/{type}/{id}',
    'A space weather event and its versions',
    { params: wire.WeatherEventPath, answer: wire.WeatherEventWithVersions },
    async (ctx, asked) => single(ctx, await readWeather(ctx, asked)),
  ),
]

const none = z.strictObject({})

type Read<P extends z.ZodObject, Q extends z.ZodObject> = Pick<Endpoint, 'description' | 'alsoAs'> & {
  params?: P
  query?: Q
  answer: z.ZodType
}

/** A public read: all of them may say that nothing is known yet. What is asked, in the path or after it, comes as one. */
function read<P extends z.ZodObject = typeof none, Q extends z.ZodObject = typeof none>(
  path: string,
  summary: string,
  { answer, ...asked }: Read<P, Q>,
  handle: (ctx: Ctx, asked: Given<P> & Given<Q>, accept: string) => Promise<Answer>,
): Endpoint {
  return on.get(
    path,
    {
      summary,
      ...asked,
      roles: 'public',
      answers: { 200: answer },
      reusable: true,
      problems: ['no_data_yet', 'not_found'],
    },
    (ctx, { params, query, accept }) => handle(ctx, { ...params, ...query }, accept),
  )
}

function known<T>(value: T | null, retryAfter: number): T {
  if (value === null) throw new AppError('no_data_yet', 'No source has told anything yet', { retryAfter })
  return value
}

/** Its age counts from the moment its newest source was read. */
function fresh(
  ctx: Ctx,
  body: object,
  maxAgeSeconds: number,
  asOf = 'asOf' in body ? body.asOf : undefined,
): Answer {
  const age = typeof asOf === 'string' ? (ctx.now().getTime() - Date.parse(asOf)) / 1000 : 0
  return ok(body, { cache: { maxAgeSeconds, ageSeconds: age } })
}

function listed(ctx: Ctx, viewed: Viewed<Record<string, unknown>> | null, units: Units = 'km'): Answer {
  const { data, ...told } = known(viewed, minutes)
  return fresh(ctx, { ...told, data: data.map((row) => inUnits(row, units)) }, minutes)
}

function single(ctx: Ctx, viewed: Viewed<object> | null): Answer {
  const { data, ...told } = known(viewed, minutes)
  const [row] = data
  if (row === undefined) throw new AppError('not_found')
  return fresh(ctx, { ...told, ...row }, minutes)
}

type Paging<Row> = { limit: number; keyOf: (row: Row) => unknown; show: (row: Row) => unknown }

function paged<Row>(ctx: Ctx, viewed: Viewed<Row> | null, { limit, keyOf, show }: Paging<Row>): Answer {
  const { data: rows, ...told } = known(viewed, minutes)
  const { data, nextCursor } = page(rows, limit, keyOf)
  return fresh(ctx, { ...told, data: data.map(show), nextCursor }, minutes)
}

/** The first module of the ISS was launched on this day. */
const launch = new Date('1998-11-20T00:00:00Z')
const firstPicture = '1995-06-16'

function daysFromNow(ctx: Ctx, days: number): Date {
  return new Date(ctx.now().getTime() + days * dayMs)
}

function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10)
}

function within(path: string, value: Date, { from, to }: { from: Date; to: Date }): Date {
  if (value >= from && value <= to) return value
  return outOfRange(path, `Allowed: ${from.toISOString()} to ${to.toISOString()}`)
}

function dayWithin(path: string, day: string, { from, to }: { from: string; to: string }): void {
  if (day < from || day > to) outOfRange(path, `Allowed: ${from} to ${to}`)
}

type Asked = { from?: string | undefined; to?: string | undefined }

function rangeOf(ctx: Ctx, { from, to }: Asked): { from: Date; to: Date } {
  const end = within('to', to ? new Date(to) : ctx.now(), { from: launch, to: daysFromNow(ctx, 1) })
  const start = from ? new Date(from) : new Date(Math.max(end.getTime() - dayMs, launch.getTime()))
  return { from: within('from', start, { from: launch, to: end }), to: end }
}

/** Upstreams tell of nothing outside these days. */
const [earliest, latest] = ['1900-01-01', '2199-12-31']

/** Around today, or as long from the one end that is given. */
function daysOf(
  ctx: Ctx,
  { from, to }: Asked,
  { back, ahead }: { back: number; ahead: number },
): { from: string; to: string } {
  if (from !== undefined) dayWithin('from', from, { from: earliest, to: to ?? latest })
  if (to !== undefined) dayWithin('to', to, { from: earliest, to: latest })
  const later = (day: string, days: number) => dayOf(new Date(Date.parse(day) + days * dayMs))
  const today = dayOf(ctx.now())
  const end = to ?? later(from !== undefined && from > today ? from : today, ahead)
  return { from: from ?? later(end, -back - ahead), to: end }
}

function refuseClass(type: string): never {
  return outOfRange('minClass', `Allowed for ${type}: ${classes[type] ?? 'none'}`)
}

const classes: Record<string, string> = { flr: 'A0.0 to X99.9', gst: '0 to 9 (Kp)', cme: '0 to 9999 (km/s)' }

function outOfRange(path: string, message: string): never {
  throw new AppError('validation_failed', `${path} is out of range. ${message}`, {
    errors: [{ path, message }],
  })
}
