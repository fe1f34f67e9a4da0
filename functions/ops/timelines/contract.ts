import * as z from 'zod'
import { shownInstant } from '../../http/fields.ts'

export const TimelinePath = z.strictObject({
  kind: z
    .string()
    .regex(/^[a-z]{2,20}$/, 'Must be a kind of thing')
    .meta({ description: 'order, bet, payment, account, click, conversion, node, zone or request' }),
  id: z.string().min(1).max(200).meta({ description: 'Of an account `userId:currency`, of a node its uid' }),
})

export const Timeline = z
  .strictObject({
    kind: z.string(),
    id: z.string(),
    asOf: shownInstant,
    entries: z
      .array(
        z.strictObject({
          at: shownInstant,
          lane: z.enum(['request', 'event', 'outbox', 'delivery', 'attempt', 'job', 'alert']),
          type: z.string(),
          text: z.string().nullable(),
          refs: z.record(z.string(), z.unknown()).meta({ description: 'Ids that lead on' }),
        }),
      )
      .meta({ description: 'Oldest first; the newest 1000' }),
    more: z.boolean().meta({ description: 'There are older entries' }),
    requests: z.enum(['known', 'unknown']).meta({
      description:
        '`unknown`: no entry has its request, because the request had no Idempotency-Key or its key is older than a day',
    }),
  })
  .meta({ id: 'Timeline' })
export type Timeline = z.infer<typeof Timeline>
