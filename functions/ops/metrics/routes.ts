import type { Watch } from '../../core/watch.ts'
import { at, type Endpoint } from '../../http/endpoint.ts'
import { mustScrape } from '../../http/scraper.ts'
import { readMetrics } from './read.ts'

const on = at('', 'ops')

type System = { jobs: readonly { name: string; cron: string; lock: number }[]; watches: readonly Watch[] }

export const metricsEndpoints = (system: System): Endpoint[] => [
  on.get(
    '/metrics',
    {
      summary: 'Get all metrics in Prometheus’ text format 0.0.4',
      description:
        'Send METRICS_TOKEN as the bearer token, or the token of an admin. A metric that is unknown now is left out. Counters never fall, but for those that Postgres counts itself.',
      roles: 'public',
      problems: ['unauthenticated', 'forbidden'],
      answers: { 200: 'text/plain' },
    },
    async (ctx, { request }) => {
      await mustScrape(ctx, request)
      return new Response(await readMetrics(ctx, system), {
        headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' },
      })
    },
  ),
]
