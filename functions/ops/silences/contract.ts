import * as z from 'zod'
import { flag, id, instant, shownInstant } from '../../http/fields.ts'

const rule = z.string().regex(/^[a-z][a-z0-9_]{0,59}$/, 'Must be the name of a rule')
const labels = z.record(z.string().max(60), z.union([z.string().max(200), z.number()]))

export const SilenceFilter = {
  open: flag.optional().meta({ description: '`true`: only those that have not ended' }),
}
export const SilenceCursor = z.tuple([id])

export const Silence = z
  .strictObject({
    id,
    rule: z.string().nullable().meta({ description: 'Null: every rule' }),
    labels: z.record(z.string(), z.unknown()),
    reason: z.string(),
    by: z.string(),
    since: shownInstant,
    until: shownInstant.nullable(),
    untilResolved: z.boolean().meta({ description: 'It ends when no such alert is open' }),
    endedAt: shownInstant.nullable(),
    endedBy: z.string().nullable(),
    alerts: z.int().meta({ description: 'Open alerts whose messages it holds back' }),
  })
  .meta({ id: 'Silence' })
export type Silence = z.infer<typeof Silence>

export const NewSilence = z
  .strictObject({
    rule: rule.optional().meta({ description: 'Default: every rule' }),
    labels: labels.default({}).meta({ description: 'An alert must have all of these labels' }),
    reason: z.string().trim().min(1).max(300),
    until: instant.optional().meta({ description: 'At most seven days from now' }),
    untilResolved: z
      .literal(true)
      .optional()
      .meta({ description: 'Instead of `until`: until no such alert is open' }),
  })
  .refine(({ until, untilResolved }) => (until === undefined) !== (untilResolved === undefined), {
    message: 'Give either until or untilResolved',
    path: ['until'],
  })
  .meta({ id: 'NewSilence' })
export type NewSilence = z.infer<typeof NewSilence>
