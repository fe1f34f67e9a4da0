import * as z from 'zod'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { shownInstant } from '../../http/fields.ts'
import { Table, TableOrder } from './contract.ts'
import { listTables } from './list.ts'

const on = at('/v1/ops/tables', 'ops')

export const tablesEndpoints: Endpoint[] = [
  on.get(
    '',
    {
      summary: 'List the tables with size, growth, dead rows, vacuum and cache hits',
      description: 'The counters are those since Postgres began to count, which a restart may have been.',
      roles: ['admin'],
      query: TableOrder,
      answers: { 200: z.object({ asOf: shownInstant, data: z.array(Table), nextCursor: z.null() }) },
    },
    async (ctx, { query }) => ok({ ...(await listTables(ctx, query.order)), nextCursor: null }),
  ),
]
