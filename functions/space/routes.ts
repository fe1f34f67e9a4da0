import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { AppError } from '../core/errors.ts'
import { type Answer, type Endpoint, endpoint, ok } from '../http/endpoint.ts'
import { cursorOf, Page, PageQuery, page } from '../http/page.ts'
import * as wire from './contract.ts'
import { trackAsGeoJson } from './geojson.ts'
import { coverage, dailyStats, hourlyStats } from './iss-stats.ts'
import { listApproaches } from './list-approaches.ts'
import { listChanges } from './list-changes.ts'
import { listDatasets } from './list-datasets.ts'
import { listPositions } from './list-positions.ts'
import { listWeather, rankOf } from './list-weather.ts'
import { locateIss } from './locate.ts'
import { locateIssAt } from './locate-at.ts'
import { osdrByYear, osdrStats, recentActivity } from './osdr-stats.ts'
import { predictPasses, predictTrack } from './predict.ts'
import { readDataset } from './read-dataset.ts'
import { readPicture } from './read-picture.ts'
import { readWeather } from './read-weather.ts'
import { inUnits } from './units.ts'

const base = '/v1/space'
const tag = 'space'
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
    {
      query: z.strictObject({ ...wire.RangeQuery, ...wire.Units, ...PageQuery }),
      answer: Page(wire.Position),
    },
    async (ctx, { units, limit, cursor, ...range }) => {
      const { from, to } = rangeOf(ctx, range)
      const [after = null] = cursorOf(z.tuple([z.string()]), cursor) ?? []
      const rows = await listPositions(ctx, { from, to, after, limit: limit + 1 })
      const { data, nextCursor } = page(rows, limit, ({ ts }) => [ts])
      return ok(
        { data: data.map((fix) => inUnits(fix, units)), nextCursor },
        { cache: { maxAgeSeconds: minutes } },
      )
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
        return {
          ...fresh(ctx, trackAsGeoJson(track), minutes, track.asOf),
          mediaType: geoJson,
        }
      const data = track.data.map((place) => inUnits({ ...place, ts: place.ts.toISOString() }, units))
      return fresh(ctx, { ...inUnits({ ...track, data: [] }, units), data }, minutes, track.asOf)
    },
  ),
  read(
    '/iss/passes',
    'When the ISS passes over a place',
    { query: wire.PassesQuery, answer: wire.Passes },
    async (ctx, { lat, lng, units, ...asked }) => {
      const passes = known(
        await predictPasses(ctx, { observer: { latitude: lat, longitude: lng }, ...asked }),
        hour,
      )
      return fresh(ctx, inUnits(passes, units), minutes, passes.asOf)
    },
  ),
  read(
    '/iss/stats/hourly',
    'The ISS hour by hour, newest first',
    { query: wire.HourlyQuery, answer: wire.HourlyStats },
    async (ctx, { hours, units }) => measured(ctx, known(await hourlyStats(ctx, hours), minutes), units),
  ),
  read(
    '/iss/stats/daily',
    'The ISS day by day, newest first',
    { query: wire.DailyQuery, answer: wire.DailyStats },
    async (ctx, { days, units }) => measured(ctx, known(await dailyStats(ctx, days), minutes), units),
  ),
  read(
    '/iss/coverage',
    'How often the ISS was where, in squares of 5°',
    { query: wire.UnitsQuery, answer: wire.Coverage },
    async (ctx, { units }) => measured(ctx, known(await coverage(ctx), minutes), units),
  ),

  read(
    '/osdr/datasets',
    'Datasets of the Open Science Data Repository',
    { query: z.strictObject({ ...wire.DatasetFilter, ...PageQuery }), answer: Page(wire.ListedDataset) },
    async (ctx, { q = null, organism = null, project = null, sort, limit, cursor }) => {
      const after = cursorOf(wire.DatasetCursor, cursor)
      const rows = await listDatasets(ctx, { q, organism, project, sort, after, limit: limit + 1 })
      const { data, nextCursor } = page(rows, limit, ({ key, dataset }) => [key, dataset.accession])
      return ok(
        { data: data.map(({ dataset }) => dataset), nextCursor },
        { cache: { maxAgeSeconds: minutes } },
      )
    },
  ),
  endpoint(
    {
      method: 'get',
      path: `${base}/osdr/datasets/{accession}`,
      tag,
      summary: 'A dataset with all its metadata',
      roles: 'public',
      params: wire.Accession,
      answers: { 200: wire.Dataset },
      reusable: true,
    },
    async (ctx, { params }) =>
      ok(found(await readDataset(ctx, params.accession)), { cache: { maxAgeSeconds: minutes } }),
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
  read('/osdr/stats', 'The catalogue in numbers', { query: nothing(), answer: wire.OsdrStats }, async (ctx) =>
    fresh(ctx, known(await osdrStats(ctx), hour), minutes),
  ),
  read(
    '/osdr/by-year',
    'Datasets by the year of their release',
    { query: nothing(), answer: wire.OsdrByYear },
    async (ctx) => fresh(ctx, known(await osdrByYear(ctx), hour), minutes),
  ),
  read(
    '/activity',
    'What came in during the last 24 hours',
    { query: nothing(), answer: wire.Activity },
    async (ctx) => fresh(ctx, known(await recentActivity(ctx), minutes), minutes),
  ),

  read(
    '/apod',
    'The astronomy picture of a day',
    { query: wire.PictureQuery, answer: wire.Picture },
    async (ctx, { date = null }) => {
      const picture = await readPicture(ctx, date)
      if (date !== null && picture === null)
        throw new AppError('not_found', `No picture of ${date} is kept here`)
      return fresh(ctx, known(picture, hour), minutes)
    },
  ),
  read(
    '/neo',
    'Near-Earth objects that come close, in the order in which they come',
    { query: z.strictObject({ ...wire.ApproachFilter, ...PageQuery }), answer: Page(wire.Approach) },
    async (ctx, { hazardous = null, units, limit, cursor, ...days }) => {
      const { from, to } = daysOf(ctx, days, { back: 1, ahead: 7 })
      const after = cursorOf(wire.ApproachCursor, cursor)
      const rows = await listApproaches(ctx, { from, to, hazardous, after, limit: limit + 1 })
      const { data, nextCursor } = page(rows, limit, ({ approachAt, id, orbitingBody }) => [
        approachAt,
        id,
        orbitingBody,
      ])
      return ok(
        { data: data.map((row) => inUnits(row, units)), nextCursor },
        { cache: { maxAgeSeconds: minutes } },
      )
    },
  ),
  endpoint(
    {
      method: 'get',
      path: `${base}/donki/{type}`,
      tag,
      summary: 'Space weather events of one type, newest first',
      roles: 'public',
      params: wire.WeatherPath,
      query: z.strictObject({ ...wire.WeatherFilter, ...PageQuery }),
      answers: { 200: Page(wire.WeatherEvent) },
      reusable: true,
    },
    async (ctx, { params: { type }, query: { minClass, limit, cursor, ...days } }) => {
      const { from, to } = daysOf(ctx, days, { back: 30, ahead: 0 })
      const minRank = minClass === undefined ? null : (rankOf(type, minClass) ?? refuseClass(type))
      const before = cursorOf(wire.WeatherCursor, cursor)
      const rows = await listWeather(ctx, { type, from, to, minRank, before, limit: limit + 1 })
      return ok(
        page(rows, limit, ({ startedAt, id }) => [startedAt, id]),
        { cache: { maxAgeSeconds: minutes } },
      )
    },
  ),
  endpoint(
    {
      method: 'get',
      path: `${base}/donki/{type}/{id}`,
      tag,
      summary: 'A space weather event and its versions',
      roles: 'public',
      params: wire.WeatherEventPath,
      answers: { 200: wire.WeatherEventWithVersions },
      reusable: true,
    },
    async (ctx, { params }) =>
      ok(found(await readWeather(ctx, params)), { cache: { maxAgeSeconds: minutes } }),
  ),
]

type Read<Q extends z.ZodObject> = {
  query: Q
  answer: z.ZodType
  description?: string
  alsoAs?: Endpoint['alsoAs']
}

/** A public read: all of them may say that nothing is known yet. */
function read<Q extends z.ZodObject>(
  path: string,
  summary: string,
  { query, answer, description, alsoAs }: Read<Q>,
  handle: (ctx: Ctx, query: z.infer<Q>, accept: string) => Promise<Answer>,
): Endpoint {
  return endpoint(
    {
      method: 'get',
      path: `${base}${path}`,
      tag,
      summary,
      description,
      roles: 'public',
      query,
      answers: { 200: answer },
      alsoAs,
      reusable: true,
      problems: ['no_data_yet', 'not_found'],
    },
    // The query was parsed with this very schema.
    (ctx, input) => handle(ctx, input.query as z.infer<Q>, input.accept),
  )
}

function nothing() {
  return z.strictObject({})
}

function known<T>(value: T | null, retryAfter: number): T {
  if (value === null) throw new AppError('no_data_yet', 'No source has told anything yet', { retryAfter })
  return value
}

function found<T>(row: T | null): T {
  if (row === null) throw new AppError('not_found')
  return row
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

function measured(
  ctx: Ctx,
  viewed: { asOf: string; stale: boolean; data: Record<string, unknown>[] },
  units: 'km' | 'mi',
): Answer {
  return fresh(ctx, { ...viewed, data: viewed.data.map((row) => inUnits(row, units)) }, minutes)
}

/** The first module of the ISS was launched on this day. */
const launch = new Date('1998-11-20T00:00:00Z')

function daysFromNow(ctx: Ctx, days: number): Date {
  return new Date(ctx.now().getTime() + days * dayMs)
}

function within(path: string, value: Date, { from, to }: { from: Date; to: Date }): Date {
  if (value >= from && value <= to) return value
  return outOfRange(path, `Allowed: ${from.toISOString()} to ${to.toISOString()}`)
}

function rangeOf(
  ctx: Ctx,
  { from, to }: { from?: string | undefined; to?: string | undefined },
): { from: Date; to: Date } {
  const end = within('to', to ? new Date(to) : ctx.now(), { from: launch, to: daysFromNow(ctx, 1) })
  const start = within('from', from ? new Date(from) : new Date(end.getTime() - dayMs), {
    from: launch,
    to: end,
  })
  return { from: start, to: end }
}

type Days = { from?: string | undefined; to?: string | undefined }

function daysOf(
  ctx: Ctx,
  { from, to }: Days,
  { back, ahead }: { back: number; ahead: number },
): { from: string; to: string } {
  const start = from ?? daysFromNow(ctx, -back).toISOString().slice(0, 10)
  const end = to ?? daysFromNow(ctx, ahead).toISOString().slice(0, 10)
  return start <= end ? { from: start, to: end } : outOfRange('from', `Allowed: up to ${end}`)
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
