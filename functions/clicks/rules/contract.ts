import * as z from 'zod'
import {
  replayKinds,
  replayStates,
  ruleClasses,
  ruleFacts,
  ruleOperators,
  ruleSetStates,
} from '../../../schema/clicks/states.ts'
import { id, instant, pathId, shownInstant } from '../../http/fields.ts'

const single = z.union([z.string().max(200), z.number(), z.boolean()])
const compared = z.union([single, z.array(single).max(1_000)])

const Rule = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'Must be letters, digits and underscores')
      .meta({ examples: ['blockedReferrer'] }),
    fact: z.enum(ruleFacts),
    op: z.enum(ruleOperators),
    value: compared.meta({ description: 'A number for lt, lte, gt and gte, a list for in' }),
    weight: z.int().min(1).max(100).meta({ description: 'A click is invalid from a sum of 100 on' }),
    class: z.enum(ruleClasses).meta({ description: 'G: general invalid traffic. S: sophisticated' }),
    reason: z.string().min(1).max(300),
  })
  .refine(({ op, value }) => Array.isArray(value) === (op === 'in'), {
    path: ['value'],
    message: 'Must be a list for in, and a single value for the others',
  })
  .refine(({ op, value }) => !/^[lg]t/.test(op) || typeof value === 'number', {
    path: ['value'],
    message: 'Must be a number for lt, lte, gt and gte',
  })

export const NewRuleSet = z.strictObject({
  name: z.string().trim().min(1).max(200),
  rules: z
    .array(Rule)
    .max(100)
    .refine((rules) => new Set(rules.map(({ name }) => name)).size === rules.length, 'Names must differ'),
})
export type NewRuleSet = z.infer<typeof NewRuleSet>

export const ShownRule = z.strictObject({
  name: z.string(),
  fact: z.enum(ruleFacts),
  op: z.enum(ruleOperators),
  value: z.unknown(),
  weight: z.int(),
  class: z.enum(ruleClasses),
  reason: z.string(),
})

export const RuleSet = z
  .strictObject({
    id,
    name: z.string(),
    state: z.enum(ruleSetStates),
    rules: z.array(ShownRule),
    createdAt: shownInstant,
    activatedAt: shownInstant.nullable(),
  })
  .meta({ id: 'RuleSet' })
export type RuleSet = z.infer<typeof RuleSet>

export const RuleSetCursor = z.tuple([id])

const window = z
  .strictObject({ from: instant, to: instant })
  .refine(({ from, to }) => Date.parse(from) < Date.parse(to), {
    path: ['to'],
    message: 'Must be after from',
  })

export const StartReplay = window
export type StartReplay = z.infer<typeof StartReplay>

export const Activate = z.strictObject({
  rejudge: window.optional().meta({
    description:
      'Decide again about the clicks of this window, and correct the statistics. Runs in the background',
  }),
})
export type Activate = z.infer<typeof Activate>

const turned = {
  clicks: z.int(),
  revenue: z.array(z.strictObject({ currency: z.string(), minor: z.int() })),
}

export const Replay = z
  .strictObject({
    id,
    ruleSetId: id,
    kind: z.enum(replayKinds),
    state: z.enum(replayStates),
    from: shownInstant,
    to: shownInstant,
    judged: z.int().meta({ description: 'Clicks so far' }),
    changed: z.int().meta({ description: 'Clicks whose validity differs' }),
    invalidated: z.int(),
    validated: z.int(),
    reclassified: z.int().meta({ description: 'Invalid before and after, in another class' }),
    byRule: z.array(z.strictObject({ rule: z.string(), ...turned })),
    bySource: z.array(z.strictObject({ trafficSourceId: id.nullable(), ...turned })),
    examples: z
      .array(
        z.strictObject({
          id: z.string(),
          before: z.string(),
          after: z.string(),
          reasons: z.array(z.string()),
        }),
      )
      .meta({ description: 'At most 20' }),
    createdAt: shownInstant,
    finishedAt: shownInstant.nullable(),
  })
  .meta({ id: 'RuleReplay' })
export type Replay = z.infer<typeof Replay>

export const ReplayFilter = {
  ruleSetId: pathId.optional().meta({ description: 'Replays of these rules' }),
}

export const Activated = z
  .strictObject({
    ruleSet: RuleSet,
    replay: Replay.nullable().meta({ description: 'The run that decides again' }),
  })
  .meta({ id: 'ActivatedRuleSet' })
