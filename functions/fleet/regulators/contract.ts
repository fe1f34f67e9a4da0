import * as z from 'zod'
import { decisionOutcomes, directions } from '../../../schema/fleet/states.ts'
import { id, instant, pathId, shownInstant } from '../../http/fields.ts'
import { amount, dose, MetricName, NodeType, notEmpty, text } from '../contract.ts'

const ms = z
  .int()
  .min(1)
  .max(24 * 3_600_000)

const fields = {
  nodeType: NodeType.meta({ description: 'The node of this type in the zone gets the commands' }),
  channel: z.string().max(64),
  dose: dose.meta({ description: 'The amount of one dose, in `unit`' }),
  unit: text(16),
  pulseMs: ms.meta({ description: 'How long the actuator runs for one dose' }),
  maxRunMs: ms.meta({ description: 'The node itself switches the actuator off after this time' }),
  cooldownSeconds: z.int().min(0).max(86_400).meta({ description: 'The pause after a dose' }),
  budgetHour: amount,
  budgetDay: amount.meta({ description: 'Hours and days are those of the greenhouse' }),
  enabled: z.boolean(),
}

export const NewRegulator = z
  .strictObject({
    zoneId: id,
    metric: MetricName,
    direction: z.enum(directions),
    ...fields,
    channel: fields.channel.default(''),
    unit: fields.unit.default('ml'),
    enabled: fields.enabled.default(true),
  })
  .refine(({ pulseMs, maxRunMs }) => maxRunMs >= pulseMs, {
    message: 'Must be at least pulseMs',
    path: ['maxRunMs'],
  })
  .meta({ id: 'NewRegulator' })
export type NewRegulator = z.infer<typeof NewRegulator>

export const RegulatorChange = z
  .strictObject(fields)
  .partial()
  .refine(notEmpty, 'Name at least one field')
  .meta({ id: 'RegulatorChange' })
export type RegulatorChange = z.infer<typeof RegulatorChange>

export const Outcome = z.enum(decisionOutcomes).meta({ id: 'DecisionOutcome' })

const Window = z.strictObject({ startsAt: shownInstant, used: z.number(), left: z.number() })

export const Regulator = z
  .strictObject({
    id,
    zoneId: id,
    metric: z.string(),
    direction: z.enum(directions),
    ...fields,
    epoch: z.int().meta({
      description: 'Rises when the regulator is disabled or gets another actuator; older commands are void',
    }),
    outcome: Outcome.nullable().meta({ description: 'The newest decision; null before the first cycle' }),
    decidedAt: shownInstant.nullable(),
    dosedAt: shownInstant.nullable(),
    hour: Window,
    day: Window,
    version: z.int(),
    createdAt: shownInstant,
  })
  .meta({ id: 'Regulator' })
export type Regulator = z.infer<typeof Regulator>

const bound = z.number().min(-1e9).max(1e9)
const weekMs = 7 * 24 * 3_600_000

export const Simulate = z
  .strictObject({
    change: z
      .strictObject({
        dose: fields.dose,
        cooldownSeconds: fields.cooldownSeconds,
        budgetHour: fields.budgetHour,
        budgetDay: fields.budgetDay,
      })
      .partial()
      .extend({
        range: z
          .strictObject({ min: bound, max: bound, hysteresis: z.number().min(0).max(1e9).default(0) })
          .refine(
            ({ min, max, hysteresis }) => hysteresis <= max - min,
            'hysteresis must be at most max - min',
          )
          .optional()
          .meta({ description: 'Instead of the targets of the zone' }),
      })
      .refine(notEmpty, 'Name at least one field'),
    from: instant,
    to: instant,
  })
  .refine(
    ({ from, to }) => Date.parse(from) < Date.parse(to) && Date.parse(to) - Date.parse(from) <= weekMs,
    {
      message: 'Must be after from, by a week at most',
      path: ['to'],
    },
  )
  .meta({ id: 'Simulate' })
export type Simulate = z.infer<typeof Simulate>

const Doses = z.strictObject({ doses: z.int(), amount: z.number() })

export const Simulation = z
  .strictObject({
    minutes: z.int(),
    measured: z.int().meta({ description: 'Minutes with a value' }),
    unit: z.string(),
    present: Doses.meta({ description: 'The regulator and the targets as they are now' }),
    changed: Doses,
    differing: z.int().meta({ description: 'Decisions that would differ' }),
    examples: z
      .array(
        z.strictObject({
          at: shownInstant,
          value: z.number().nullable(),
          present: Outcome,
          changed: Outcome,
        }),
      )
      .meta({ description: 'The first twenty' }),
    model: z.string(),
  })
  .meta({ id: 'Simulation' })
export type Simulation = z.infer<typeof Simulation>

export const RegulatorFilter = {
  zone: pathId.optional().meta({ description: 'Regulators of this zone' }),
}
