import * as z from 'zod'
import type { Watch } from '../../core/watch.ts'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { View } from './contract.ts'
import { listViews } from './list.ts'

const on = at('/v1/ops/views', 'ops')

/** `watches` are those of all rows. */
export const viewsEndpoints = (watches: readonly Watch[]): Endpoint[] => [
  on.get(
    '',
    {
      summary:
        'List the views with their last refresh, age, size and staleness, and the rows that differ from a recount',
      roles: ['admin'],
      answers: { 200: z.object({ data: z.array(View), nextCursor: z.null() }) },
    },
    async (ctx) => ok({ data: await listViews(ctx, watches), nextCursor: null }),
  ),
]
