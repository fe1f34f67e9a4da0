import * as z from 'zod'
import { decisionOutcomes, directions, zoneModes } from '../../../schema/fleet/states.ts'
import { id, instant, pathId, shownInstant } from '../../http/fields.ts'
import { NodeType, newestValue, notEmpty, text } from '../contract.ts'
import { Regulator } from '../regulators/contract.ts'
import { Target } from '../targets/contract.ts'
import { LatestValue } from '../telemetry/contract.ts'

const mode = z.enum(zoneModes).meta({ id: 'ZoneMode' })

export const NewZone = z.strictObject({ greenhouseId: id, name: text(100) }).meta({ id: 'NewZone' })
export type NewZone = z.infer<typeof NewZone>

export const ZoneChange = z
  .strictObject({
    name: text(100),
    mode,
    modeUntil: instant.nullable().meta({ description: 'The mode is `auto` again from then on' }),
  })
  .partial()
  .refine(notEmpty, 'Name at least one field')
  .refine(({ mode: to, modeUntil }) => modeUntil === undefined || modeUntil === null || to !== 'auto', {
    message: 'The automatic mode has no end',
    path: ['modeUntil'],
  })
  .meta({ id: 'ZoneChange' })
export type ZoneChange = z.infer<typeof ZoneChange>

export const Zone = z
  .strictObject({
    id,
    greenhouseId: id,
    name: z.string(),
    mode,
    modeUntil: shownInstant.nullable(),
    epoch: z.int().meta({ description: 'Rises with each change of the mode; older commands are void' }),
    nodes: z
      .array(z.strictObject({ type: NodeType, uid: z.string() }))
      .meta({ description: 'At most one of each type' }),
    version: z.int(),
    createdAt: shownInstant,
  })
  .meta({ id: 'Zone' })
export type Zone = z.infer<typeof Zone>

export const ZoneFilter = { greenhouse: pathId.optional().meta({ description: 'Zones of this greenhouse' }) }

const NewestValue = z.strictObject({
  ...newestValue,
  target: z
    .strictObject({ min: z.number(), max: z.number() })
    .nullable()
    .meta({ description: 'The range of this moment; null without a target' }),
})

/** A zone at this moment, for a list that shows many. */
export const ZoneOverview = z
  .strictObject({
    id,
    name: z.string(),
    greenhouseId: id,
    greenhouse: z.string(),
    mode,
    values: z.array(NewestValue),
    regulators: z.array(
      z.strictObject({
        id,
        metric: z.string(),
        direction: z.enum(directions),
        outcome: z.enum(decisionOutcomes).nullable().meta({ description: 'Null before the first cycle' }),
        decidedAt: shownInstant.nullable(),
      }),
    ),
  })
  .meta({ id: 'ZoneOverview' })
export type ZoneOverview = z.infer<typeof ZoneOverview>

/** A zone at this moment, for a page of this one. */
export const ZoneNow = z
  .strictObject({
    zone: Zone,
    timezone: z.string().meta({ description: 'That of its greenhouse; hours of targets are in it' }),
    values: z.array(LatestValue),
    targets: z.array(Target),
    regulators: z.array(Regulator),
  })
  .meta({ id: 'ZoneNow' })
export type ZoneNow = z.infer<typeof ZoneNow>
