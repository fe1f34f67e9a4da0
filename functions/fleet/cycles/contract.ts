import * as z from 'zod'
import { id, instant, shownInstant, wholeWithin } from '../../http/fields.ts'

export const Cycle = z
  .strictObject({
    shard: z.int(),
    slot: shownInstant,
    total: z.int().meta({ description: 'Zones with a regulator' }),
    success: z.int(),
    failed: z.int(),
    commands: z.int(),
    decisions: z.int().meta({ description: 'Decisions that differ from the one before, or that dosed' }),
    tookMs: z.number().nullable(),
    errors: z
      .array(
        z.strictObject({
          zone: id,
          name: z.string(),
          type: z.string().meta({ description: 'The SQLSTATE, or out_of_time' }),
          at: shownInstant,
        }),
      )
      .meta({ description: 'Ten at most' }),
  })
  .meta({ id: 'Cycle' })
export type Cycle = z.infer<typeof Cycle>

export const CycleFilter = {
  shard: wholeWithin(0, 63).optional(),
  failed: z.enum(['true', 'false']).optional().meta({ description: '`true`: only cycles with failed zones' }),
}

export const CycleCursor = z.tuple([instant, z.int().min(0)])
