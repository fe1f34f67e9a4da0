import * as z from 'zod'
import { AppError } from '../../core/errors.ts'
import { at, type Endpoint, found, ok } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { acceptTelemetry } from './accept.ts'
import * as wire from './contract.ts'
import { listRejects } from './list-rejects.ts'
import { readTelemetryAccounting } from './read-accounting.ts'
import { readLatest } from './read-latest.ts'
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
        'At most 1000 per request. A sample that is refused again is a new reject.',
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
