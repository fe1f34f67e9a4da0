import * as z from 'zod'
import { alertSeverities } from '../../../schema/core/states.ts'
import { shownInstant } from '../../http/fields.ts'

export const Pulse = z
  .strictObject({
    asOf: shownInstant,
    evaluatedAt: shownInstant
      .nullable()
      .meta({ description: 'The last evaluation of the rules; null before the first one' }),
    attention: z
      .array(
        z.strictObject({
          kind: z.string().meta({
            description:
              'The name of a rule, or `evaluator` when the rules were not evaluated for three minutes',
          }),
          state: z.enum(['firing', 'unknown']),
          severity: z.enum(alertSeverities),
          count: z.int(),
          oldestSeconds: z.number().nullable(),
          href: z.string(),
          advice: z.string().nullable(),
        }),
      )
      .meta({
        description: 'Worst first: what fires or is unknown, without acknowledged and silenced alerts',
      }),
    pending: z.int().meta({ description: 'Alerts whose condition has not lasted long enough' }),
    acknowledged: z.int(),
    silenced: z.int(),
  })
  .meta({ id: 'Pulse' })
export type Pulse = z.infer<typeof Pulse>
