import * as z from 'zod'
import { shownInstant } from '../../http/fields.ts'

export const Outbox = z
  .strictObject({
    asOf: shownInstant,
    newestAt: shownInstant
      .nullable()
      .meta({ description: 'When the newest event was written; null without events' }),
    perMinute: z.number().meta({ description: 'Events a minute, over the last ten minutes' }),
    readers: z.array(
      z.strictObject({
        reader: z.string(),
        depth: z.int().meta({ description: 'Events that it has yet to read; counted to 1000' }),
        more: z.boolean().meta({ description: 'Whether there are more than that' }),
        oldestSeconds: z
          .number()
          .nullable()
          .meta({ description: 'Age of the oldest of them; null if there is none' }),
        movedAt: shownInstant,
      }),
    ),
  })
  .meta({ id: 'Outbox' })
export type Outbox = z.infer<typeof Outbox>
