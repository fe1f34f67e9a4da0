import * as z from 'zod'

/** Fields that every contract spells the same way. */

/** The id of a row, in a body or an answer. */
export const id = z.int().positive().max(Number.MAX_SAFE_INTEGER)

/** The id of a row, in a path or a query. */
export const pathId = z
  .string()
  .regex(/^[1-9]\d{0,15}$/, 'Must be an id')
  .transform(Number)
  .pipe(z.int().positive())

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

/** `?limit=` and `?cursor=` of every list. */
export const PageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'Must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(200))
    .default(50)
    .meta({ description: 'Rows per page' }),
  cursor: z.string().min(1).max(512).optional().meta({ description: 'nextCursor of the previous page' }),
}

/** One page of a list. */
export function Page<T extends z.ZodType>(item: T) {
  return z.object({ data: z.array(item), nextCursor: z.string().nullable() })
}
