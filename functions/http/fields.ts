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

/** A moment that a caller sends: RFC 3339, with any offset. */
export const instant = z.iso
  .datetime({ offset: true })
  .refine((moment) => !moment.startsWith('0000'), 'There is no year 0')
  .meta({ examples: ['2026-11-20T09:30:00Z'] })

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
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'Must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(200))
    .default(50)
    .meta({ description: 'Rows per page' }),
  cursor: Cursor.optional().meta({
    description: 'nextCursor of the previous page, with the same filter and order',
  }),
}

/** One page of a list. */
export function Page<T extends z.ZodType>(item: T) {
  return z.object({ data: z.array(item), nextCursor: z.string().nullable() })
}
