import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { daysBetween, errorBoundKm, staleElementsDays } from '../rules.ts'
import type { LatLng } from './geometry.ts'
import { elementsNear, type StoredElements, usableOrbit } from './newest-elements.ts'
import { type Orbit, type Place, trackOf } from './orbit.ts'
import { type Pass, passesOver } from './passes.ts'

export type Predicted<T> = { asOf: string; stale: boolean; elementsEpoch: string; errorKm: number; data: T[] }

export async function predictTrack(
  ctx: Ctx,
  { from, minutes, stepSeconds }: { from: Date; minutes: number; stepSeconds: number },
): Promise<Predicted<Place> | null> {
  const until = new Date(from.getTime() + minutes * 60_000)
  return predicted(ctx, { from, until }, (orbit) => trackOf(orbit, from, { minutes, stepSeconds }))
}

type Asked = { observer: LatLng; days: number; minElevation: number; visibleOnly: boolean }

export async function predictPasses(
  ctx: Ctx,
  { observer, days, ...wanted }: Asked,
): Promise<Predicted<Pass> | null> {
  const from = ctx.now()
  const until = new Date(from.getTime() + days * 86_400_000)
  return predicted(ctx, { from, until }, (orbit) =>
    passesOver(orbit, observer, { from, to: until, ...wanted }),
  )
}

/** One round trip for the elements; the rest is arithmetic. Null without elements that reach that far. */
async function predicted<T>(
  ctx: Ctx,
  { from, until }: { from: Date; until: Date },
  compute: (orbit: Orbit) => T[],
): Promise<Predicted<T> | null> {
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
