import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { statesBefore } from '../rules.ts'

/**
 * CTE `seen`: a request of a node notes its contact, at most every ten seconds. It proves that the node has its
 * credential, and makes an assigned or degraded node active. It is empty for other callers.
 * Race: the node moves to another zone, which locks the node before its other rows. So a statement that locks such rows reads
 * `seen` first, or locks the node itself: Postgres runs a CTE that nothing reads at the end.
 */
export function noteContact({ principal }: Ctx): SQL {
  if (principal?.role !== 'node') return sql`seen as (select null::bigint as id where false)`
  const wakes = sql`n.lifecycle = any (${sql.param(statesBefore('ACTIVE'))}::text[])`
  return sql`
seen as (
  update fleet.nodes n
  set
    last_seen_at = greatest(n.last_seen_at, now()),
    used_gen = greatest(n.used_gen, least(${principal.gen}::int, n.gen)),
    version = n.version + (${wakes})::int,
    lifecycle = case when ${wakes} then 'ACTIVE' else n.lifecycle end
  where n.uid = ${principal.sub}
    and (
      n.last_seen_at is null
      or n.last_seen_at < now() - interval '10 seconds'
      or n.used_gen < ${principal.gen}::int
      or ${wakes}
    )
  returning n.id
)`
}
