import * as z from 'zod'
import { shownInstant } from '../../http/fields.ts'

export const TriggerFunction = z
  .strictObject({
    function: z.string(),
    triggers: z.array(z.string()).meta({ description: 'As `name on table`' }),
    calls: z.int().nullable(),
    totalMs: z.number().nullable().meta({ description: 'With the functions and statements that it calls' }),
    selfMs: z.number().nullable(),
    meanMs: z.number().nullable(),
  })
  .meta({ id: 'TriggerFunction' })
export type TriggerFunction = z.infer<typeof TriggerFunction>

export const TriggerFunctions = z
  .strictObject({
    asOf: shownInstant,
    why: z.string().nullable().meta({ description: 'Why the figures are unknown' }),
    data: z.array(TriggerFunction),
    nextCursor: z.null(),
  })
  .meta({ id: 'TriggerFunctions' })
export type TriggerFunctions = z.infer<typeof TriggerFunctions>
