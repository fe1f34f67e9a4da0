import * as z from 'zod'
import { shownInstant } from '../../http/fields.ts'

export const Queue = z
  .strictObject({
    name: z.string().meta({ examples: ['webhook:7'] }),
    kind: z.enum(['feed', 'deliveries', 'queue', 'parked', 'unfolded']).meta({
      description:
        '`feed`: events that a reader has yet to read. `parked`: waits for something that may never come. `unfolded`: changes that a later fold includes',
    }),
    depth: z.int().nullable().meta({ description: 'Null when it is not known' }),
    oldestSeconds: z
      .number()
      .nullable()
      .meta({ description: 'Age of the oldest; null when nothing waits or it is not known' }),
    perMinute: z
      .number()
      .nullable()
      .meta({ description: 'So much left it a minute, over ten minutes; null when it is not known' }),
    drainSeconds: z
      .number()
      .nullable()
      .meta({ description: 'When it is empty at that rate, without arrivals; null when it is not known' }),
    why: z.string().nullable().meta({ description: 'Why it is not known' }),
  })
  .meta({ id: 'Queue' })
export type Queue = z.infer<typeof Queue>

export const Queues = z
  .strictObject({ asOf: shownInstant, data: z.array(Queue), nextCursor: z.null() })
  .meta({ id: 'Queues' })
export type Queues = z.infer<typeof Queues>
