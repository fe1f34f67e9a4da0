import * as z from 'zod'
import { alertSeverities } from '../../../schema/core/states.ts'
import { shownInstant, wholeWithin } from '../../http/fields.ts'

export const RulePath = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]{0,59}$/, 'Must be the name of a rule'),
})

const labels = z.record(z.string(), z.unknown())

const limits = {
  raise: z.number().meta({ description: 'With `raise` below `clear`, low values are bad' }),
  clear: z.number(),
  critical: z.number().nullable(),
  pendingFor: z.int().meta({ description: 'Seconds for which the condition must hold' }),
  clearFor: z.int().meta({ description: 'Seconds for which the value must be clear' }),
}

export const Rule = z
  .strictObject({
    name: z.string(),
    severity: z.enum(alertSeverities),
    unit: z.string(),
    ...limits,
    advice: z.string(),
    state: z.enum(['ok', 'pending', 'firing', 'unknown', 'never evaluated']).meta({
      description: 'The worst state of the things that it watches',
    }),
    silenced: z.boolean().meta({ description: 'A silence covers all its alerts' }),
    asOf: shownInstant.nullable().meta({ description: 'The last evaluation' }),
    measured: z
      .array(z.strictObject({ labels, value: z.number().nullable() }))
      .meta({ description: 'The newest values by their labels; of more than 100 the 100 worst' }),
  })
  .meta({ id: 'AlertRule' })
export type Rule = z.infer<typeof Rule>

export const TryRule = z
  .strictObject({
    raise: z.number().optional(),
    clear: z.number().optional(),
    critical: z.number().optional(),
    pendingFor: z.int().min(0).max(86_400).optional(),
    clearFor: z.int().min(0).max(86_400).optional(),
  })
  .meta({ id: 'TryRule' })
export type TryRule = z.infer<typeof TryRule>

export const Tried = z
  .strictObject({
    rule: z.string(),
    limits: z.strictObject(limits),
    from: shownInstant
      .nullable()
      .meta({ description: 'The first kept value; values are kept for fourteen days' }),
    to: shownInstant.nullable(),
    values: z.int(),
    alerts: z
      .array(
        z.strictObject({
          labels,
          firedAt: shownInstant,
          endedAt: shownInstant.nullable(),
          peak: z.number().nullable(),
        }),
      )
      .meta({ description: 'The alerts that these limits would have fired, the first 1000' }),
    fired: z.int().meta({ description: 'How many' }),
  })
  .meta({ id: 'TriedRule' })
export type Tried = z.infer<typeof Tried>

export const ValuesQuery = z.strictObject({
  hours: wholeWithin(1, 336).default(24).meta({ description: 'Values are kept for fourteen days' }),
})

export const RuleValues = z
  .strictObject({
    rule: z.string(),
    unit: z.string(),
    raise: z.number(),
    clear: z.number(),
    critical: z.number().nullable(),
    stepSeconds: z.int().meta({ description: 'Each point is the worst value of so many seconds' }),
    things: z.int().meta({ description: 'How many things the rule watched in this time' }),
    data: z
      .array(
        z.strictObject({
          labels,
          points: z.array(z.strictObject({ at: shownInstant, value: z.number().nullable() })),
        }),
      )
      .meta({ description: 'The five things with the worst values' }),
  })
  .meta({ id: 'RuleValues' })
export type RuleValues = z.infer<typeof RuleValues>
