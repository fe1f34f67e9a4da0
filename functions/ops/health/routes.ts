import { AppError } from '../../core/errors.ts'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import type { Matters } from '../../http/module.ts'
import { checkReadiness } from './check-readiness.ts'
import { Health, Readiness } from './contract.ts'

const on = at('', 'ops')

export const healthEndpoints = (matters: readonly Matters[]): Endpoint[] => [
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
        'Responds 503 with the failed checks when the database, the role or the migrations are not as needed. `matters` are states that make the Worker no less ready: the clock, the gatherer of metrics, replicas, upstreams, queues.',
      roles: 'public',
      answers: { 200: Readiness },
    },
    async (ctx) => {
      const readiness = await checkReadiness(ctx, matters)
      if (readiness.ready) return ok(readiness, { headers: { 'cache-control': 'no-store' } })
      const failed = readiness.checks.filter((check) => !check.ok)
      throw new AppError('unavailable', failed.map(({ name, detail }) => `${name}: ${detail}`).join('; '), {
        retryAfter: 1,
        extra: readiness,
      })
    },
  ),
]
