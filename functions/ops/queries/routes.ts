import { AppError } from '../../core/errors.ts'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { Queries, QueriesQuery, Query, QueryPath, WindowQuery } from './contract.ts'
import { listQueries } from './list.ts'
import { readQuery } from './read.ts'

const on = at('/v1/ops/queries', 'ops')
const headers = { 'cache-control': 'no-store' }

export const queriesEndpoints: Endpoint[] = [
  on.get(
    '',
    {
      summary: 'List the Worker’s statements with their cost in Postgres',
      description:
        'Read from pg_stat_statements every five minutes and kept for two days by five minutes, then for 60 days by the hour. Restarts, resets and evictions of its counters are taken into account. Only statements of the Worker’s own role are shown, and no utility statements: the first 250 of the order.',
      roles: ['admin'],
      query: QueriesQuery,
      problems: ['unprocessable'],
      answers: { 200: Queries },
    },
    async (ctx, { query }) => ok({ ...(await listQueries(ctx, query)), nextCursor: null }, { headers }),
  ),
  on.get(
    '/{name}',
    {
      summary: 'Show one statement: its texts, generic plans and course',
      description: 'A plan is made for this response; the statement does not run.',
      roles: ['admin'],
      params: QueryPath,
      query: WindowQuery,
      problems: ['unprocessable', 'not_found'],
      answers: { 200: Query },
    },
    async (ctx, { params, query }) => {
      const found = await readQuery(ctx, params.name, query)
      if (found === null)
        throw new AppError(
          'not_found',
          'No statement of this name is recorded: they are read from Postgres every five minutes',
        )
      return ok(found, { headers })
    },
  ),
]
