import * as z from 'zod'
import { clocks } from '../../../schema/fleet/states.ts'
import { id } from '../../http/fields.ts'
import { MetricName, notEmpty } from '../contract.ts'

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Must be HH:MM')
const bound = z.number().min(-1e9).max(1e9)

const fields = {
  min: bound,
  max: bound,
  hysteresis: z.number().min(0).max(1e9).meta({
    description: 'A value that left the range is acted on until it is inside by this much',
  }),
  from: timeOfDay.nullable().meta({ description: 'Null: the whole day' }),
  until: timeOfDay.nullable(),
  clock: z.enum(clocks).meta({ description: '`standard` ignores summer time' }),
}

export const NewTarget = z
  .strictObject({
    metric: MetricName,
    ...fields,
    hysteresis: fields.hysteresis.default(0),
    from: fields.from.default(null),
    until: fields.until.default(null),
    clock: fields.clock.default('local'),
  })
  .refine(({ min, max, hysteresis }) => hysteresis <= max - min, {
    message: 'Must be at most max - min',
    path: ['hysteresis'],
  })
  .refine(hasBothOrNeither, { message: 'Give both from and until, or neither', path: ['until'] })
  .refine(({ from, until }) => from === null || from !== until, {
    message: 'Must differ from `from`',
    path: ['until'],
  })
  .meta({ id: 'NewTarget' })
export type NewTarget = z.infer<typeof NewTarget>

export const TargetChange = z
  .strictObject(fields)
  .partial()
  .refine(notEmpty, 'Name at least one field')
  .meta({ id: 'TargetChange' })
export type TargetChange = z.infer<typeof TargetChange>

export const Target = z
  .strictObject({ id, zoneId: id, metric: z.string(), ...fields, version: z.int() })
  .meta({ id: 'Target' })
export type Target = z.infer<typeof Target>

function hasBothOrNeither({ from, until }: { from: string | null; until: string | null }): boolean {
  return (from === null) === (until === null)
}
