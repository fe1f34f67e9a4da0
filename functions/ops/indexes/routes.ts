import * as z from 'zod'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { shownInstant } from '../../http/fields.ts'
import { Index } from './contract.ts'
import { listIndexes } from './list.ts'

const on = at('/v1/ops/indexes', 'ops')

export const indexesEndpoints: Endpoint[] = [
  on.get(
    '',
    {
      summary: 'List the indexes with their size, their use over days and the query that each serves',
      description:
        'An index is called unused after 14 recorded days without a scan; one that enforces a key never is.',
      roles: ['admin'],
      answers: { 200: z.object({ asOf: shownInstant, data: z.array(Index), nextCursor: z.null() }) },
    },
    async (ctx) => ok({ ...(await listIndexes(ctx)), nextCursor: null }),
  ),
]
