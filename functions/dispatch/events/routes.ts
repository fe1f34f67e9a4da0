import * as z from 'zod'
import { at, type Endpoint, found, ok } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { openStream } from '../../http/stream.ts'
import { IdCursor } from '../contract.ts'
import { OrderEvent, streamedEvents } from './contract.ts'
import { listEvents } from './list.ts'

const on = at('/v1/dispatch', 'dispatch')
const everybody = ['admin', 'store', 'courier'] as const

export const eventsEndpoints: Endpoint[] = [
  on.get(
    '/orders/{id}/events',
    {
      summary: 'List the events of an order, oldest first',
      roles: everybody,
      params: IdPath,
      query: z.strictObject(PageQuery),
      answers: { 200: Page(OrderEvent) },
    },
    async (ctx, { params, query: { limit, cursor } }) => {
      const [after = null] = cursorOf(IdCursor, cursor) ?? []
      const events = found(await listEvents(ctx, { orderId: params.id, after, limit: limit + 1 }))
      return ok(page(events, limit, ({ id }) => [id]))
    },
  ),
  on.get(
    '/events',
    {
      summary: 'Stream order events',
      description: [
        'Server-sent events. Each `data:` is an OrderEvent with an `order` member: the order in its current state,',
        'or null if the caller may not see it. Each `id:` is a cursor.',
        'To resume without a gap or a repeat, send the last cursor as `Last-Event-ID`, or as `?after=` on the first request.',
        'If the cursor is unknown or too old, the stream sends one `reset` event: read the lists again and continue.',
        'A store receives the events of its own orders. A courier receives the events of its own orders, and those by',
        'which an order becomes available or unavailable. An admin receives all events.',
      ].join(' '),
      roles: everybody,
      query: z.strictObject({
        after: z.string().max(64).optional().meta({ description: 'A cursor: the `id:` of an earlier event' }),
      }),
      answers: { 200: 'text/event-stream' },
      stream: streamedEvents,
    },
    async (ctx, { query, lastEventId }) => openStream(ctx, 'dispatch', lastEventId ?? query.after ?? null),
  ),
]
