import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { named } from '../../core/named.ts'
import type { Viewed } from '../views/read.ts'
import { lastAnswer } from './copies.ts'
import { type Days, notCovered, type WindowedCopy } from './coverage.ts'

/** The days that the rows answer for, both inclusive: "no rows" means that nothing happened on them. */
export type Windowed<T> = Viewed<T> & { coveredFrom: string; coveredUntil: string }

type Read<T> = Omit<Windowed<T>, 'data'> & { data: T[] | null }

/** The moments between which rows are read: from the first, and before the second. */
export type Span = { since: SQL; before: SQL }

/**
 * Rows of a copy within a window, each one jsonb, and the covered days around them. Of a window over a gap the newest
 * covered part is answered. Null while the copy is empty; refused if no day of the window is covered.
 */
export async function readWindow<T>(
  ctx: Ctx,
  { copy, from, to }: { copy: WindowedCopy } & Days,
  rows: (span: Span) => SQL,
): Promise<Windowed<T> | Refused | null> {
  const span = {
    since: sql`((select greatest(since, ${from}::date) from part) at time zone 'UTC')`,
    before: sql`((select least(until, ${to}::date) + 1 from part) at time zone 'UTC')`,
  }
  const [read] = await ctx.replica.query<Read<T>>(named('space.read-window')`
with spans as (
  select span, span && daterange(${from}::date, ${to}::date, '[]') as wanted
  from space.copy_coverage, unnest(covered) span
  where copy = ${copy}
),
part as materialized (
  select lower(span) as since, upper(span) - 1 as until, wanted
  from spans
  order by wanted desc, span desc
  limit 1
)
select
  core.iso(answered.at) as "asOf",
  answered.overdue as stale,
  part.since::text as "coveredFrom",
  part.until::text as "coveredUntil",
  case when part.wanted then to_jsonb(array(${rows(span)})) end as data
from ${lastAnswer(copy)} answered
cross join part`)
  if (read === undefined) return null
  const { data, ...age } = read
  return data === null ? notCovered(age.coveredFrom, age.coveredUntil) : { ...age, data }
}
