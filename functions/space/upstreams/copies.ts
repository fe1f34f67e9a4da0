import { type SQL, sql } from 'drizzle-orm'
import type { WindowedCopy } from './coverage.ts'

/** A copy is stale after twice the period of its job without a successful answer. */
const staleAfterHours = { datasets: 12, approaches: 4, cme: 2, flr: 2, gst: 2, notifications: 2 } as const

export type CopyName = 'datasets' | WindowedCopy

/**
 * One row: the time of the upstream's last successful answer (null while the copy is empty), and whether it is overdue.
 * Rows cannot show this age, because most answers change none.
 */
export function lastAnswer(name: CopyName): SQL {
  const oldest = sql`now() - make_interval(hours => ${staleAfterHours[name]})`
  if (name === 'datasets')
    return sql`(
  select max(last_ok_at) as at, max(last_ok_at) < ${oldest} as overdue
  from space.upstream_state
  where upstream = 'osdr'
    and exists (select from space.osdr_items)
)`
  return sql`(
  select max(read_at) as at, max(read_at) < ${oldest} as overdue
  from space.copy_coverage
  where copy = ${name}
)`
}
