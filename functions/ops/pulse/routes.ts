import type { Rule } from '../../core/watch.ts'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { Pulse } from './contract.ts'
import { readPulse } from './read.ts'

const on = at('/v1/ops/pulse', 'ops')

/** `rules` are those of all rows. */
export function pulseEndpoints(rules: readonly Rule[]): Endpoint[] {
  return [
    on.get(
      '',
      {
        summary: 'Show what needs attention, worst first',
        roles: ['admin'],
        answers: { 200: Pulse },
      },
      async (ctx) => ok(await readPulse(ctx, rules), { headers: { 'cache-control': 'no-store' } }),
    ),
  ]
}
