import * as z from 'zod'
import { shownInstant, wholeWithin } from '../../http/fields.ts'

export const RoutesQuery = z.strictObject({
  minutes: wholeWithin(1, 60).default(60).meta({ description: 'The minutes before now that are counted' }),
})

const seconds = z.number().nullable()

export const RouteFigures = z
  .strictObject({
    route: z.string().meta({ examples: ['/v1/ops/routes'] }),
    method: z.string(),
    requests: z.int(),
    perSecond: z.number(),
    errors: z.int().meta({ description: 'Responses with a 5xx status' }),
    refused: z.int().meta({ description: 'Responses with a 4xx status' }),
    left: z.int().meta({ description: 'Requests whose client left before the response' }),
    p50Ms: seconds,
    p95Ms: seconds,
    p99Ms: seconds.meta({
      description:
        'Interpolated within the bounds of the histogram; null without requests. 10 000 is the last bound.',
    }),
    trips: z.strictObject({
      p50: z.number().nullable(),
      p95: z.number().nullable(),
      max: z.number().nullable().meta({ description: 'Exact up to 6, then the bound above: 8, 12, 20' }),
    }),
    overBudget: z.int().meta({ description: 'Requests with more than one round trip to Postgres' }),
  })
  .meta({ id: 'RouteFigures' })
export type RouteFigures = z.infer<typeof RouteFigures>

export const Routes = z
  .strictObject({
    asOf: shownInstant,
    since: shownInstant.nullable().meta({ description: 'Begin of the window; null while unknown' }),
    why: z.string().nullable().meta({ description: 'Why the figures are unknown; null when they are known' }),
    data: z
      .array(RouteFigures)
      .meta({ description: 'Routes with requests in the window, the busiest first' }),
    nextCursor: z.null(),
  })
  .meta({ id: 'Routes' })
export type Routes = z.infer<typeof Routes>
