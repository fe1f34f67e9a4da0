import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { daysBetween, errorBoundKm, staleElementsDays } from '../rules.ts'
import { elementsNear, type StoredElements, usableOrbit } from './nearest-elements.ts'
import type { Orbit } from './orbit.ts'

export type Prediction<T> = {
  asOf: string
  stale: boolean
  elementsEpoch: string
  errorKm: number
  data: T[]
}

/** Reads the elements in one round trip and computes the rest. Null without elements that are near enough to `from`. */
export async function predict<T>(
  ctx: Ctx,
  { from, until }: { from: Date; until: Date },
  compute: (orbit: Orbit) => T[],
): Promise<Prediction<T> | null> {
  const [row] = await ctx.replica.query<{ elements: StoredElements }>(
    elementsNear(sql`${from.toISOString()}::timestamptz`),
  )
  const orbit = usableOrbit(row?.elements, from)
  if (!row || !orbit) return null
  const days = Math.max(daysBetween(orbit.epoch, from), daysBetween(orbit.epoch, until))
  return {
    asOf: row.elements.fetchedAt,
    stale: daysBetween(orbit.epoch, from) > staleElementsDays,
    elementsEpoch: orbit.epoch.toISOString(),
    errorKm: errorBoundKm(days),
    data: compute(orbit),
  }
}
