import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { daysBetween, errorBoundKm, staleElementsDays } from '../rules.ts'
import { elementsNear, noElementsAt, type StoredElements, usableOrbit } from './nearest-elements.ts'
import { type Orbit, placeAt } from './orbit.ts'

export type Prediction<T> = {
  asOf: string
  stale: boolean
  elementsEpoch: string
  errorKm: number
  data: T[]
}

/**
 * Reads the elements in one round trip and computes the rest. Null without elements that are near enough to now.
 * Refused if the caller chose `from` and none is near enough to it.
 */
export async function predict<T>(
  ctx: Ctx,
  { from, until, atNow }: { from: Date; until: Date; atNow: boolean },
  compute: (orbit: Orbit) => T[],
): Promise<Prediction<T> | Refused | null> {
  const [row] = await ctx.replica.query<{ elements: StoredElements }>(
    elementsNear(sql`${from.toISOString()}::timestamptz`),
  )
  const orbit = usableOrbit(row?.elements, from)
  if (!row) return null
  // SGP4 stops where an orbit decays. A list that ended there would look complete.
  if (!orbit || !placeAt(orbit, from) || !placeAt(orbit, until))
    return atNow ? null : noElementsAt(row.elements, from)
  const days = Math.max(daysBetween(orbit.epoch, from), daysBetween(orbit.epoch, until))
  return {
    asOf: row.elements.fetchedAt,
    stale: daysBetween(orbit.epoch, from) > staleElementsDays,
    elementsEpoch: orbit.epoch.toISOString(),
    errorKm: errorBoundKm(days),
    data: compute(orbit),
  }
}
