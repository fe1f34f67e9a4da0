import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { Routes, RoutesQuery } from './contract.ts'
import { listRoutes } from './list.ts'

const on = at('/v1/ops/routes', 'ops')

/** `all`: the endpoints whose budgets are shown. */
export const routesEndpoints = (all: () => readonly Endpoint[]): Endpoint[] => [
  on.get(
    '',
    {
      summary: 'List the routes with their requests, errors, times and round trips to Postgres',
      description:
        'Counted by all isolates of the Worker. An isolate reports once a second, so the newest second may be missing. While the gatherer does not answer, `why` says so and the list is empty.',
      roles: ['admin'],
      query: RoutesQuery,
      answers: { 200: Routes },
    },
    async (ctx, { query }) =>
      ok(
        { ...(await listRoutes(ctx, all(), query.minutes)), nextCursor: null },
        { headers: { 'cache-control': 'no-store' } },
      ),
  ),
]
