import * as z from 'zod'
import { shownInstant } from '../http/fields.ts'

export const day = z.iso.date()
export const number = z.number()
export const maybe = z.number().nullable()

/** Decimal digits only. A value out of range is refused with the allowed range, never clamped. */
export function decimal(least: number, most: number, form = /^-?\d{1,9}(\.\d{1,20})?$/) {
  const allowed = `Allowed: ${least} to ${most}`
  return z
    .string()
    .regex(form, allowed)
    .transform(Number)
    .pipe(z.number().min(least, allowed).max(most, allowed))
}
export const whole = (least: number, most: number, otherwise: number) =>
  decimal(least, most, /^-?\d{1,9}$/)
    .pipe(z.int().min(least).max(most))
    .default(otherwise)
export const text = z.string().trim().min(1).max(200)

export const Units = {
  units: z.enum(['km', 'mi']).default('km').meta({ description: 'With mi, altitudeKm becomes altitudeMi' }),
}

/** With `units=mi` every field …Km is named …Mi and every …Kmh …Mph, so each schema declares both names as optional. */
export function measured<T extends z.ZodRawShape>(shape: T) {
  const inMiles = Object.fromEntries(
    Object.entries(shape)
      .filter(([name]) => /Kmh?$/.test(name))
      .map(([name, schema]) => [
        name.replace(/Km(h?)$/, (_, per: string) => (per === 'h' ? 'Mph' : 'Mi')),
        z.optional(schema),
      ]),
  )
  const inKilometres = Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => [name, /Kmh?$/.test(name) ? z.optional(schema) : schema]),
  )
  // Typed as in kilometres, which an answer has unless the client wants miles.
  return z.strictObject({ ...inKilometres, ...inMiles } as unknown as T)
}

export const known = {
  asOf: shownInstant.meta({ description: 'When the newest source of this answer was read' }),
  stale: z.boolean().meta({ description: 'True when the answer is older than its source should allow' }),
}
const covered = (what: string, field: z.ZodType<string>) => ({
  coveredFrom: field.meta({ description: `Nothing is known before this ${what}` }),
  coveredUntil: field.meta({ description: `Nothing is known after this ${what}` }),
})
/** A page over the collected part of a window. Within it, "no rows" means that there was nothing. */
export const coveredDaysOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ ...known, ...covered('day', day), data: z.array(item), nextCursor: z.string().nullable() })
export const coveredMomentsOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({
    ...known,
    ...covered('moment', shownInstant),
    data: z.array(item),
    nextCursor: z.string().nullable(),
  })
export const listOf = <T extends z.ZodType>(item: T) => z.strictObject({ ...known, data: z.array(item) })
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ ...known, data: z.array(item), nextCursor: z.string().nullable() })
