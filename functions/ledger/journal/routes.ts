import * as z from 'zod'
import { tenantOf } from '../../core/caller.ts'
import { orThrow } from '../../core/errors.ts'
import { at, created, type Endpoint, ok } from '../../http/endpoint.ts'
import { Page, PageQuery } from '../../http/fields.ts'
import { refuseCursor } from '../../http/page.ts'
import { openStream } from '../../http/stream.ts'
import { batchLimitBytes, bookkeepers, transitionProblems } from '../contract.ts'
import { DescribedEvent, DescribedEvents, streamedEvents } from '../events.ts'
import { appendEvents } from './append.ts'
import { Appended, EventQuery, IncomingEvents } from './contract.ts'
import { readEvents } from './read-events.ts'

const base = '/v1/ledger/events'
const on = at(base, 'ledger')
const eventStream = 'text/event-stream'

export const journalEndpoints: Endpoint[] = [
  on.post(
    '',
    {
      summary: 'Append events directly',
      description: [
        'The whole batch is appended or nothing. A repeated idempotency key with the same event counts as a duplicate.',
        'Stream versions, state transitions and account balances must be valid after every event.',
        'After the batch, an open bet must hold its stake and a requested withdrawal its amount: append their',
        '`V1_BALANCES_BALANCE_RESERVED`, with the same `aggregateId`, in the same batch. When they end, append the',
        '`V1_BALANCES_BALANCE_RELEASED`. Otherwise the answer is `hold_missing`, and names the missing event.',
      ].join(' '),
      roles: bookkeepers,
      body: IncomingEvents,
      describedBody: DescribedEvents,
      bodyLimitBytes: batchLimitBytes,
      answers: { 201: Appended },
      problems: [...transitionProblems, 'insufficient_funds', 'idempotency_key_reused'],
    },
    async (ctx, { body }) => created(base, orThrow(await appendEvents(ctx, body.events)).value),
  ),
  on.get(
    '',
    {
      summary: 'Read or stream all events in commit-safe order',
      description: [
        'No event is missed and none is repeated. Continue with `nextCursor`, even when the page is empty. With a cursor',
        'that is not one of this tenant’s events, such as one after a restore, the answer is `invalid_cursor`. With',
        '`Accept: text/event-stream` the response stays open: each `data:` is a StoredEvent and each `id:` is a cursor.',
        'Resume a stream with `Last-Event-ID`, or start it with `?after=`.',
      ].join(' '),
      roles: bookkeepers,
      query: z.strictObject({ ...EventQuery, limit: PageQuery.limit }),
      answers: { 200: Page(DescribedEvent) },
      alsoAs: { [eventStream]: z.string() },
      stream: streamedEvents,
      problems: ['invalid_cursor'],
    },
    async (ctx, { query: { after = null, type = null, limit }, form, lastEventId }) => {
      if (form === eventStream) {
        const scope = type === null ? tenantOf(ctx) : `${tenantOf(ctx)}:${type}`
        return openStream(ctx, `ledger/${scope}`, lastEventId ?? after)
      }
      const data = (await readEvents(ctx, { after, type, limit })) ?? refuseCursor()
      return ok({ data, nextCursor: data.at(-1)?.cursor ?? after })
    },
  ),
]
