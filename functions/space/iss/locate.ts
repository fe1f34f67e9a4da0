import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import {
  daysBetween,
  errorBoundKm,
  freshFixSeconds,
  issNoradId,
  type Source,
  staleElementsDays,
  type Visibility,
} from '../rules.ts'
import { fixColumns } from '../upstreams/show.ts'
import { elementsNear, type StoredElements, usableOrbit } from './newest-elements.ts'
import { placeAt } from './orbit.ts'

export type ShownFix = {
  noradId: number
  ts: string
  latitude: number
  longitude: number
  altitudeKm: number | null
  velocityKmh: number | null
  visibility: Visibility | null
  source: Source
  computed: boolean
  crossCheckKm: number | null
  errorKm: number | null
}

export type Located = ShownFix & { ageSeconds: number; asOf: string; stale: boolean }

/**
 * Where the ISS is: the last fix while it is fresh, else computed for this moment, else the last fix, said to be stale. A
 * fix that was itself computed is no news: computed anew it tells how old its elements are.
 */
export async function locateIss(ctx: Ctx): Promise<Located | null> {
  const [row] = await ctx.replica.query<{
    fix: (ShownFix & { fetchedAt: string }) | null
    elements: StoredElements | null
  }>(sql`
select
  (
    select ${fixColumns}
    from space.iss_fetch_log f
    where f.norad_id = ${issNoradId}
    order by f.ts desc
    limit 1
  ) as fix,
  (${elementsNear(sql`now()`)}) as elements`)
  const now = ctx.now()
  const last = row?.fix ? logged(row.fix, now) : null
  if (last && !last.computed && last.ageSeconds <= freshFixSeconds) return last
  return computedAt(row?.elements ?? null, now) ?? (last && { ...last, stale: true })
}

export function logged({ fetchedAt, ...fix }: ShownFix & { fetchedAt: string }, now: Date): Located {
  const ageSeconds = Math.max(0, Math.round((now.getTime() - Date.parse(fix.ts)) / 1000))
  return { ...fix, ageSeconds, asOf: fetchedAt, stale: false }
}

export function computedAt(elements: StoredElements | null, ts: Date): Located | null {
  const orbit = usableOrbit(elements, ts)
  const place = orbit && placeAt(orbit, ts)
  if (!elements || !place) return null
  const days = daysBetween(orbit.epoch, ts)
  return {
    noradId: issNoradId,
    ...place,
    ts: ts.toISOString(),
    source: 'sgp4',
    computed: true,
    crossCheckKm: null,
    errorKm: errorBoundKm(days),
    ageSeconds: 0,
    asOf: elements.fetchedAt,
    stale: days > staleElementsDays,
  }
}
