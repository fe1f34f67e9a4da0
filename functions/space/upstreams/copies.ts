import { type SQL, sql } from 'drizzle-orm'
import type { UpstreamName } from './services.ts'

type Copy = { table: SQL; from: readonly UpstreamName[]; staleAfterSeconds: number }

/** What is copied, from whom, and after how long without an answer it is stale: twice the rhythm of its job. */
const copies = {
  datasets: { table: sql`space.osdr_items`, from: ['osdr'], staleAfterSeconds: 12 * 3_600 },
  approaches: { table: sql`space.neo_approaches`, from: ['neows'], staleAfterSeconds: 4 * 3_600 },
  weather: { table: sql`space.donki_events`, from: ['donki', 'ccmc'], staleAfterSeconds: 2 * 3_600 },
} satisfies Record<string, Copy>

export type CopyName = keyof typeof copies

/**
 * One row: when the upstream last answered (null before anything of it is here) and whether that is too long ago. By the
 * answers and not by the rows: most answers change nothing.
 */
export function heardOf(name: CopyName): SQL {
  const { table, from, staleAfterSeconds } = copies[name]
  return sql`(
  select max(last_ok_at) as at, max(last_ok_at) < now() - make_interval(secs => ${staleAfterSeconds}) as overdue
  from space.upstream_state
  where upstream = any (${sql.param(from)}::text[])
    and exists (select from ${table})
)`
}
