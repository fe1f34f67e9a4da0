import * as z from 'zod'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { View } from './contract.ts'
import { listViews } from './list.ts'

const on = at('/v1/ops/views', 'ops')

export const viewsEndpoints: Endpoint[] = [
  on.get(
    '',
    {
      summary: 'List the materialized views with their last refresh, age, size and staleness',
      roles: ['admin'],
      answers: { 200: z.object({ data: z.array(View), nextCursor: z.null() }) },
    },
    async (ctx) => ok({ data: await listViews(ctx), nextCursor: null }),
  ),
]
