import { AppError } from '../../core/errors.ts'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import type { Matters } from '../../http/module.ts'
import { Health, Readiness } from './contract.ts'
import { keepReadiness } from './keep-readiness.ts'

const on = at('', 'ops')

export function healthEndpoints(matters: readonly Matters[]): Endpoint[] {
  const readiness = keepReadiness(matters)
  return [
    on.get(
      '/healthz',
      {
        summary: 'Liveness; the database is not queried',
        roles: 'public',
        answers: { 200: Health },
      },
      async () => ok({ status: 'ok' }),
    ),
    on.get(
      '/readyz',
      {
        summary: 'Readiness: the state of each dependency',
        description:
          'Responds 503 with the failed checks when the database, the role or the migrations are not as needed. `matters` are states that make the Worker no less ready: the clock, the gatherer of metrics, replicas, upstreams, queues. The answer is at most a second old, counted from `asOf`.',
        roles: 'public',
        answers: { 200: Readiness },
      },
      async (ctx) => {
        const found = await readiness(ctx)
        if (found.ready) return ok(found, { headers: { 'cache-control': 'no-store' } })
        const failed = found.checks.filter((check) => !check.ok)
        throw new AppError('unavailable', failed.map(({ name, detail }) => `${name}: ${detail}`).join('; '), {
          retryAfter: 1,
          extra: found,
        })
      },
    ),
  ]
}
