import * as z from 'zod'
import { id, shownInstant } from '../../http/fields.ts'

export const Race = z
  .strictObject({ orderId: id, couriers: z.int().min(2).max(300).default(300) })
  .meta({ id: 'Race' })

const Lane = z.strictObject({
  courierId: id,
  name: z.string(),
  won: z.boolean(),
  status: z.int().meta({ description: 'The status of the answer to this courier' }),
  reason: z.string().meta({ description: 'The code of the problem, or the status of the order' }),
  answeredMs: z.number().meta({ description: 'From the begin of the race to the answer' }),
  trips: z.int().meta({ description: 'Round trips to Postgres' }),
})

export const RaceResult = z
  .strictObject({
    orderId: id,
    startedAt: shownInstant,
    tookMs: z.number(),
    winners: z.int(),
    lanes: z.array(Lane).meta({ description: 'In the order of the answers' }),
  })
  .meta({ id: 'RaceResult' })
export type RaceResult = z.infer<typeof RaceResult>

export type Racer = { id: number; name: string }
