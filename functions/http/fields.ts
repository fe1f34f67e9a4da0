import * as z from 'zod'
import { currencies } from '../core/currencies.ts'

/** Fields that every contract spells the same way. */

/** The id of a row, in a body or an answer. */
export const id = z.int().positive().max(Number.MAX_SAFE_INTEGER)

/** The id of a row, in a path or a query. */
export const pathId = z
  .string()
  .regex(/^[1-9]\d{0,15}$/, 'Must be an id')
  .transform(Number)
  .pipe(z.int().positive())

/** A boolean in a query. */
export const flag = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .pipe(z.boolean())

/** A whole number in a query: decimal digits only, because `Number` also reads a blank and `0x10`. */
export function wholeWithin(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,9}$/, 'Must be a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most))
}

/** Members under names that the caller chooses. It has no prototype, so `constructor` is a name like any other. */
export function byName<T>(members: Readonly<Record<string, T>>): Record<string, T> {
  return Object.assign(Object.create(null), members)
}

export const IdPath = z.strictObject({ id: pathId.meta({ description: 'The id of the row' }) })

/** A moment that a caller sends: RFC 3339. Postgres can store each moment that passes, and shows it with four digits of year. */
export const instant = z.iso
  .datetime({ offset: true })
  .refine(isStorable, 'Must be in the years 1 to 9999 as UTC, with an offset below 16 hours')
  .meta({ examples: ['2026-11-20T09:30:00Z'] })

/** The offset can carry a moment out of the first or last year, and so can the rounding to microseconds. */
function isStorable(moment: string): boolean {
  const [, seconds, fraction = '', zone = '', hours = '0'] =
    /^([^.Z]{19})(?:\.(\d{1,9}))?(Z|[+-](\d\d):\d\d)$/.exec(moment) ?? []
  if (seconds === undefined || seconds.startsWith('0000') || Number(hours) > 15) return false
  // Whole milliseconds, because a double holds no microseconds of the year 9999.
  const ms = Date.parse(seconds + zone) + Math.floor(Math.round(Number(`0.${fraction}`) * 1e6) / 1_000)
  return ms >= firstMs && ms < endMs
}

const [firstMs, endMs] = [Date.parse('0001-01-01T00:00:00Z'), Date.UTC(10_000, 0, 1)]

/** A moment in an answer. */
export const shownInstant = z.string().meta({ format: 'date-time' })

/**
 * The IANA name of a time zone. Postgres decides whether it knows the name (SQLSTATE 22023), because Postgres computes with
 * it. The form keeps out what Postgres reads in another sense: an abbreviation (`IST` is Israel there), an offset (its sign
 * is reversed there) and a POSIX rule.
 */
export const timeZone = z
  .string()
  .max(64)
  .regex(
    /^(UTC|Etc\/(UTC|GMT([+-]\d{1,2})?)|(?!Etc\/)[A-Z][A-Za-z_]*(\/[A-Z][A-Za-z_-]*){1,2})$/,
    'Must be an IANA time zone, such as Europe/Vienna',
  )
  .meta({ examples: ['Europe/Vienna'] })

/** In a path, without the description that a field of a body has. */
export const currencyCode = z.enum(
  currencies.map(({ code }) => code),
  'Must be a currency of ISO 4217, as in "USD"',
)
export const Currency = currencyCode.meta({ id: 'CurrencyCode', description: 'ISO 4217', example: 'USD' })

/** Longer than any cursor that a list gives: the key of a row has at most 250 characters, each at most six bytes of JSON. */
export const Cursor = z.string().min(1).max(2_560)

/** Several values of one parameter, with commas. A repeated value counts once. */
export function commaSeparated<T extends z.ZodType<string, string>>(item: T, most: number) {
  return z
    .string()
    .transform((list) => [...new Set(list.split(','))])
    .pipe(z.array(item).min(1).max(most))
}

/** `?limit=` and `?cursor=` of every list. */
export const PageQuery = {
  limit: wholeWithin(1, 200).default(50).meta({ description: 'Rows per page' }),
  cursor: Cursor.optional().meta({
    description: 'nextCursor of the previous page, with the same filter and order',
  }),
}

/** One page of a list. */
export function Page<T extends z.ZodType>(item: T) {
  return z.object({ data: z.array(item), nextCursor: z.string().nullable() })
}
