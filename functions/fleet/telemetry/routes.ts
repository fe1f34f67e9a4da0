import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { AppError, orThrow } from '../../core/errors.ts'
import { at, created, type Endpoint, found, ok } from '../../http/endpoint.ts'
import { type Column, csv, ndjson, pagesOf } from '../../http/export.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { acceptTelemetry } from './accept.ts'
import { calibrate } from './calibrate.ts'
import * as wire from './contract.ts'
import { listCalibrations } from './list-calibrations.ts'
import { listRejects } from './list-rejects.ts'
import { readTelemetryAccounting } from './read-accounting.ts'
import { readLatest } from './read-latest.ts'
import { type Point, readSeries } from './read-series.ts'
import { replayRejects } from './replay-rejects.ts'

const on = at('/v1/fleet', 'fleet')
const grower = ['tenant', 'admin'] as const

export const telemetryEndpoints: Endpoint[] = [
  on.post(
    '/telemetry',
    {
      summary: 'Send measured samples',
      description: [
        'The answer comes when the queue has the samples; a minute later at most they are readable. Each sample is',
        'decided by itself, and the answer names the wrong ones. JSON, or NDJSON with a sample a line, plain or as gzip.',
        'A batch may be sent again: samples with the same node, metric, channel and time are stored once.',
        'Postgres decides later about nodes, metrics and ranges: see the list of rejects.',
      ].join(' '),
      roles: ['node', ...grower],
      query: wire.BatchQuery,
      body: wire.TelemetryBatch,
      describedBody: wire.DescribedBatch,
      items: 'samples',
      lines: 'samples',
      packed: true,
      bareNumbers: true,
      bodyLimitBytes: 1024 * 1024,
      answers: { 202: wire.Received },
      problems: ['queue_unavailable'],
    },
    async (ctx, { body, query }) => {
      const { bootId = query.bootId, seq = query.seq } = body
      if ((bootId === undefined) !== (seq === undefined))
        throw new AppError('validation_failed', 'Send bootId and seq, or neither')
      return { status: 202, body: await acceptTelemetry(ctx, { ...body, bootId, seq }) }
    },
  ),
  on.get(
    '/zones/{id}/telemetry/latest',
    {
      summary: 'Read the newest value of each sensor in a zone',
      roles: grower,
      params: IdPath,
      answers: { 200: z.object({ data: z.array(wire.LatestValue) }) },
      problems: ['not_found'],
    },
    async (ctx, { params }) => ok({ data: found(await readLatest(ctx, { zoneId: params.id })) }),
  ),
  on.get(
    '/zones/{id}/telemetry',
    {
      summary: 'Read a metric of a zone in the order of time',
      description: [
        'Samples, or minutes, hours and days; a day is one of the greenhouse. Hours and days follow within a minute.',
        'A node’s samples belong to the zone in which it was at their time. Intervals without samples are left out.',
      ].join(' '),
      roles: grower,
      params: IdPath,
      query: wire.SeriesPage,
      answers: { 200: Page(wire.SeriesPoint) },
      problems: ['not_found', 'unprocessable'],
    },
    async (ctx, { params, query: { limit, cursor, ...query } }) => {
      const after = cursorOf(wire.SeriesCursor, cursor)
      const { data, nextCursor } = page(await seriesOf(ctx, params.id, query)(after, limit + 1), limit, keyOf)
      return ok({ data: data.map(shown), nextCursor })
    },
  ),
  on.get(
    '/zones/{id}/telemetry.csv',
    {
      summary: 'Export a metric of a zone as CSV',
      roles: grower,
      params: IdPath,
      query: wire.SeriesQuery,
      answers: { 200: 'text/csv' },
      problems: ['not_found', 'unprocessable'],
    },
    async (ctx, { params, query }) =>
      csv(ctx, columns, { name: 'telemetry.csv', pages: exported(ctx, params.id, query) }),
  ),
  on.get(
    '/zones/{id}/telemetry.ndjson',
    {
      summary: 'Export a metric of a zone as NDJSON',
      roles: grower,
      params: IdPath,
      query: wire.SeriesQuery,
      answers: { 200: 'application/x-ndjson' },
      problems: ['not_found', 'unprocessable'],
    },
    async (ctx, { params, query }) =>
      ndjson(ctx, { name: 'telemetry.ndjson', pages: exported(ctx, params.id, query) }),
  ),
  on.post(
    '/nodes/{uid}/calibrations',
    {
      summary: 'Set the calibration of a sensor from a moment on',
      description: [
        'value = raw · gain + shift. Calibrations of later moments end. New samples use it at once; those that were stored',
        'before are calculated anew within minutes, with all minutes, hours and days.',
      ].join(' '),
      roles: grower,
      params: wire.NodePath,
      body: wire.NewCalibration,
      answers: { 201: wire.Calibration },
      problems: ['not_found', 'unprocessable'],
    },
    async (ctx, { params, body }) => {
      const { calibration } = orThrow(await calibrate(ctx, { ...body, ...params }))
      return created(`/v1/fleet/nodes/${params.uid}/calibrations`, calibration)
    },
  ),
  on.get(
    '/nodes/{uid}/calibrations',
    {
      summary: 'List the calibrations of a node',
      roles: grower,
      params: wire.NodePath,
      answers: { 200: z.object({ data: z.array(wire.Calibration) }) },
      problems: ['not_found'],
    },
    async (ctx, { params }) => ok({ data: found(await listCalibrations(ctx, params)) }),
  ),
  on.get(
    '/telemetry/accounting',
    {
      summary: 'Account for every sample, by the minute of its receipt',
      description:
        'In every answer received is the sum of its parts. The newest minute comes first, at most 1500.',
      roles: grower,
      query: wire.AccountingQuery,
      answers: { 200: wire.Accounting },
    },
    async (ctx, { query }) => ok(await readTelemetryAccounting(ctx, windowOf(query, ctx.now()))),
  ),
  on.get(
    '/telemetry/rejects',
    {
      summary: 'List refused samples, newest first',
      description: 'They are kept for seven days.',
      roles: grower,
      query: z.strictObject({ ...wire.RejectFilter, ...PageQuery }),
      answers: { 200: Page(wire.Reject) },
    },
    async (ctx, { query: { limit, cursor, ...filter } }) => {
      const [before = null] = cursorOf(wire.RejectCursor, cursor) ?? []
      const rejects = await listRejects(ctx, { ...filter, before, limit: limit + 1 })
      return ok(page(rejects, limit, ({ id }) => [id]))
    },
  ),
  on.post(
    '/telemetry/rejects/replay',
    {
      summary: 'Send refused samples again, each once',
      description: [
        'For samples whose node was registered later, or whose clock was wrong: shiftMs is added to their times.',
        'At most 1000 per request, the oldest first. A sample that is still wrong stays a reject, and the answer says why.',
      ].join(' '),
      roles: grower,
      body: wire.ReplayRejects,
      bodyLimitBytes: 128 * 1024,
      answers: { 202: wire.ReplayedRejects },
      problems: ['queue_unavailable'],
    },
    async (ctx, { body }) => ({ status: 202, body: await replayRejects(ctx, body) }),
  ),
]

const hourMs = 60 * 60 * 1_000

/** Without a beginning, the hour before the end. */
function windowOf(query: { from?: string | undefined; to?: string | undefined }, now: Date) {
  const to = query.to === undefined ? now : new Date(query.to)
  return { from: query.from === undefined ? new Date(to.getTime() - hourMs) : new Date(query.from), to }
}

type Series = z.infer<typeof wire.SeriesQuery>
type Key = z.infer<typeof wire.SeriesCursor>

const longestRawMs = 24 * hourMs

function seriesOf(ctx: Ctx, zoneId: number, { metric, resolution, ...window }: Series) {
  const { from, to } = windowOf(window, ctx.now())
  if (resolution === 'raw' && to.getTime() - from.getTime() > longestRawMs)
    throw new AppError('validation_failed', 'At the resolution raw a request covers at most a day', {
      errors: [{ path: 'from', message: 'At most a day before `to`' }],
    })
  return async (after: Key | null, limit: number): Promise<Point[]> => {
    const read = await readSeries(ctx, { zoneId, metric, resolution, from, to, after, limit })
    if (read === 'metric') throw new AppError('unprocessable', `There is no metric ${metric}`)
    return found(read === 'zone' ? null : read)
  }
}

const keyOf = ({ at: time, nodeId, channel }: Point): Key => [time, nodeId, channel]

/** The cursor needs the id of the node, and the client does not. */
const shown = (point: Point): wire.SeriesPoint => wire.SeriesPoint.parse(point)

async function* exported(ctx: Ctx, zoneId: number, query: Series): AsyncGenerator<wire.SeriesPoint[]> {
  for await (const points of pagesOf({ read: seriesOf(ctx, zoneId, query), keyOf })) yield points.map(shown)
}

const columns: readonly Column<wire.SeriesPoint>[] = [
  ['at', (point) => point.at],
  ['nodeUid', ({ nodeUid }) => nodeUid],
  ['channel', ({ channel }) => channel],
  ['n', ({ n }) => n],
  ['min', ({ min }) => min],
  ['mean', ({ mean }) => mean],
  ['max', ({ max }) => max],
  ['last', ({ last }) => last],
  ['increase', ({ increase }) => increase],
  ['quality', ({ quality }) => quality],
]
