import { type SQL, sql } from 'drizzle-orm'
import type { UpstreamName } from './services.ts'

type Copy = { table: SQL; from: readonly UpstreamName[]; staleAfterSeconds: number }

/** Tables that copy an upstream. A copy is stale after twice the period of its job without a successful answer. */
const copies = {
  datasets: { table: sql`space.osdr_items`, from: ['osdr'], staleAfterSeconds: 12 * 3_600 },
  approaches: { table: sql`space.neo_approaches`, from: ['neows'], staleAfterSeconds: 4 * 3_600 },
  weather: { table: sql`space.donki_events`, from: ['donki', 'ccmc'], staleAfterSeconds: 2 * 3_600 },
} satisfies Record<string, Copy>

export type CopyName = keyof typeof copies

/**
 * One row: the time of the upstream's last successful answer (null while the copy is empty), and whether it is overdue.
 * Rows cannot show this age, because most answers change none.
 */
export function lastAnswer(name: CopyName): SQL {
  const { table, from, staleAfterSeconds } = copies[name]
  return sql`(
  select max(last_ok_at) as at, max(last_ok_at) < now() - make_interval(secs => ${staleAfterSeconds}) as overdue
  from space.upstream_state
  where upstream = any (${sql.param(from)}::text[])
    and exists (select from ${table})
)`
}
