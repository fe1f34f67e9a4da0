import { type SQL, sql } from 'drizzle-orm'
import type { windowedCopies } from '../../../schema/space/states.ts'
import type { Refused } from '../../core/errors.ts'
import { named, type Statement } from '../../core/named.ts'

export type WindowedCopy = (typeof windowedCopies)[number]

/** Days, `YYYY-MM-DD`, both inclusive. */
export type Days = { from: string; to: string }

/** Records the windows that an upstream answered for. Their days are covered from then on, even if other windows fail. */
export function recordCoverage(windows: readonly ({ copy: WindowedCopy } & Days)[], now: Date): Statement[] {
  if (windows.length === 0) return []
  return [
    named('space.record-coverage')`
insert into space.copy_coverage as known (copy, covered, read_at)
select copy, range_agg(daterange(since, until, '[]')), ${now.toISOString()}::timestamptz
from unnest(
  ${sql.param(windows.map(({ copy }) => copy))}::text[],
  ${sql.param(windows.map(({ from }) => from))}::date[],
  ${sql.param(windows.map(({ to }) => to))}::date[]
) answered (copy, since, until)
group by copy
order by copy
on conflict (copy) do update
set covered = known.covered + excluded.covered,
    read_at = greatest(known.read_at, excluded.read_at)`,
  ]
}

/** Whether all these days are covered. */
export function isCovered(copy: WindowedCopy, { from, to }: Days): SQL {
  return sql`coalesce((
  select covered @> daterange(${from}::date, ${to}::date, '[]') from space.copy_coverage where copy = ${copy}
), false)`
}

/** Nothing of the window was collected, which is not the same as "there was nothing". */
export function notCovered(coveredFrom: string, coveredUntil: string): Refused {
  const detail = `Data is available from ${coveredFrom} to ${coveredUntil}`
  return { ok: false, reason: 'not_covered', detail, coveredFrom, coveredUntil }
}
