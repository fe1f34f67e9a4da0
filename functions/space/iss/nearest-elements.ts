import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { named, type Statement } from '../../core/named.ts'
import { dayMs, daysBetween, issNoradId, oldestUsableElementsDays } from '../rules.ts'
import { notCovered } from '../upstreams/coverage.ts'
import { type Elements, epochOf, type Orbit, orbitOf } from './orbit.ts'

/** `first` and `last`: the epochs of the oldest and the newest stored elements. */
export type StoredElements = { omm: Elements; fetchedAt: string; source: string; first: string; last: string }

/** At most one row: the elements whose epoch is nearest to a moment. Two index lookups replace a sort. */
export function elementsNear(ts: SQL): Statement {
  const side = (beyond: SQL, order: SQL) => sql`(
  select e.epoch, e.omm, e.source, e.fetched_at
  from space.elements e
  where e.norad_id = ${issNoradId}
    and e.epoch ${beyond} ${ts}
  order by e.epoch ${order}
  limit 1)`
  return named('space.elements-near')`
select jsonb_build_object(
  'omm', near.omm, 'fetchedAt', core.iso(near.fetched_at), 'source', near.source,
  'first', (select core.iso(min(epoch)) from space.elements where norad_id = ${issNoradId}),
  'last', (select core.iso(max(epoch)) from space.elements where norad_id = ${issNoradId})
) as elements
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

/** Elements are stored, but none whose epoch is near enough to this moment. */
export function noElementsAt({ omm, first, last }: StoredElements, ts: Date): Refused {
  const reach = oldestUsableElementsDays * dayMs
  const outside = ts.getTime() < Date.parse(first) - reach || ts.getTime() > Date.parse(last) + reach
  const near = epochOf(omm).getTime()
  const [from, until] = outside ? [Date.parse(first), Date.parse(last)] : [near, near]
  return notCovered(new Date(from - reach).toISOString(), new Date(until + reach).toISOString())
}

export function usableOrbit(elements: StoredElements | null | undefined, ts: Date): Orbit | null {
  if (!elements) return null
  const orbit = orbitOf(elements.omm)
  return daysBetween(orbit.epoch, ts) <= oldestUsableElementsDays ? orbit : null
}
