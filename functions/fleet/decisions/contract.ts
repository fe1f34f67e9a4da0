import * as z from 'zod'
import { directions } from '../../../schema/fleet/states.ts'
import { id, instant, shownInstant } from '../../http/fields.ts'
import { Outcome } from '../regulators/contract.ts'

export const Decision = z
  .strictObject({
    regulatorId: id,
    metric: z.string(),
    direction: z.enum(directions),
    at: shownInstant,
    outcome: Outcome,
    text: z.string().meta({ examples: ['did nothing: ph is 14 min old'] }),
    inputs: z.strictObject({
      value: z.number().nullable(),
      measuredAt: shownInstant.nullable(),
      ageSeconds: z.number().nullable(),
      quality: z.string().nullable(),
      nodeUid: z.string().nullable(),
      target: z
        .strictObject({
          id,
          version: z.int().nullable(),
          min: z.number(),
          max: z.number(),
          hysteresis: z.number(),
        })
        .nullable(),
      hourLeft: z.number().meta({ description: 'Before the dose' }),
      dayLeft: z.number(),
      regulatorVersion: z.int(),
    }),
    commandId: id.nullable(),
  })
  .meta({ id: 'Decision' })
export type Decision = z.infer<typeof Decision>

export const DecisionQuery = {
  at: instant.optional().meta({
    description: 'The decision of each regulator that held at this moment. Without it, all, newest first.',
  }),
}

export const DecisionCursor = z.tuple([instant, id])
