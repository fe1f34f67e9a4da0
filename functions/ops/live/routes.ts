import { at, type Endpoint } from '../../http/endpoint.ts'
import { openStream } from '../../http/stream.ts'
import { liveEvents } from './contract.ts'

const on = at('/v1/ops/live', 'ops')

export const liveEndpoints: Endpoint[] = [
  on.get(
    '',
    {
      summary: 'Stream rates, times and gauges, every two seconds',
      description:
        'Server-sent events `state`, each with the whole state, so a client that missed some has lost nothing. One Durable Object reads for all listeners: the counts every two seconds, Postgres every ten, and nothing without a listener.',
      roles: ['admin'],
      answers: { 200: 'text/event-stream' },
      stream: liveEvents,
    },
    async (ctx) => openStream(ctx, 'ops', null),
  ),
]
