import * as z from 'zod'
import { shownInstant } from '../../http/fields.ts'

const rate = z.number().meta({ description: 'Per second, over the last ten seconds' })
const quantile = z.number().nullable()

const Times = z.strictObject({ p50Ms: quantile, p95Ms: quantile, p99Ms: quantile })

export const LiveState = z
  .strictObject({
    asOf: shownInstant,
    why: z.string().nullable().meta({ description: 'Why the counts are unknown; null when they are known' }),
    seconds: z
      .number()
      .meta({ description: 'The seconds that rates and times are over; 0 in the first event' }),
    isolates: z.int().nullable(),
    requests: rate.nullable(),
    errors: rate.nullable().meta({ description: 'Responses with a 5xx status per second' }),
    statements: rate.nullable().meta({ description: 'Statements and batches sent to Postgres per second' }),
    http: Times,
    database: Times,
    routes: z
      .array(
        z.strictObject({ route: z.string(), method: z.string(), perSecond: z.number(), p95Ms: quantile }),
      )
      .meta({ description: 'Routes with requests in these seconds, the busiest first, at most 20' }),
    gauges: z
      .array(z.strictObject({ name: z.string(), label: z.string().nullable(), value: z.number() }))
      .meta({ description: 'As in /metrics, read every ten seconds' }),
    gaugesAsOf: shownInstant.nullable().meta({ description: 'Null while Postgres did not answer' }),
  })
  .meta({ id: 'LiveState' })
export type LiveState = z.infer<typeof LiveState>

export const liveEvents = { state: LiveState }
