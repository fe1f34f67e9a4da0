import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { Outbox } from './contract.ts'
import { readOutbox } from './read.ts'

const on = at('/v1/ops/outbox', 'ops')

export const outboxEndpoints: Endpoint[] = [
  on.get(
    '',
    {
      summary: 'Show how far each reader of the outbox is behind',
      roles: ['admin'],
      answers: { 200: Outbox },
    },
    async (ctx) => ok(await readOutbox(ctx), { headers: { 'cache-control': 'no-store' } }),
  ),
]
