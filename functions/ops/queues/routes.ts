import type { Watch } from '../../core/watch.ts'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { Queues } from './contract.ts'
import { listQueues } from './list.ts'

const on = at('/v1/ops/queues', 'ops')

/** `watches` are those of all rows. */
export function queuesEndpoints(watches: readonly Watch[]): Endpoint[] {
  return [
    on.get(
      '',
      {
        summary: 'List everything that waits, with its depth, age and rate',
        roles: ['admin'],
        answers: { 200: Queues },
      },
      async (ctx) => ok(await listQueues(ctx, watches), { headers: { 'cache-control': 'no-store' } }),
    ),
  ]
}
