import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { daysBetween, issNoradId, oldestUsableElementsDays } from '../rules.ts'
import { type Elements, type Orbit, orbitOf } from './orbit.ts'

export type StoredElements = { omm: Elements; fetchedAt: string; source: string }

/** At most one row: the elements whose epoch is nearest to a moment. Two index lookups replace a sort. */
export function elementsNear(ts: SQL): SQL {
  const side = (beyond: SQL, order: SQL) => sql`(
  select e.epoch, e.omm, e.source, e.fetched_at
  from space.elements e
  where e.norad_id = ${issNoradId}
    and e.epoch ${beyond} ${ts}
  order by e.epoch ${order}
  limit 1)`
  return sql`
select jsonb_build_object('omm', near.omm, 'fetchedAt', core.iso(near.fetched_at), 'source', near.source) as elements
from (${side(sql`<=`, sql`desc`)} union all ${side(sql`>`, sql`asc`)}) near
order by abs(extract(epoch from near.epoch - ${ts}))
limit 1`
}

/** The orbit that serves to compute this moment. Null without elements that are near enough. */
export async function orbitNear(ctx: Ctx, ts: Date): Promise<Orbit | null> {
  const [row] = await ctx.replica.query<{ elements: StoredElements }>(
    elementsNear(sql`${ts.toISOString()}::timestamptz`),
  )
  return usableOrbit(row?.elements, ts)
}

export function usableOrbit(elements: StoredElements | null | undefined, ts: Date): Orbit | null {
  if (!elements) return null
  const orbit = orbitOf(elements.omm)
  return daysBetween(orbit.epoch, ts) <= oldestUsableElementsDays ? orbit : null
}
