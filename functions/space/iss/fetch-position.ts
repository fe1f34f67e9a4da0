import type { Ctx } from '../../core/context.ts'
import { contradicts, daysBetween, errorBoundKm, type Fix, implausible, issNoradId } from '../rules.ts'
import type { Parsed } from '../upstreams/lenient.ts'
import { openSession, type UpstreamSession } from '../upstreams/session.ts'
import { haversineKm } from './geometry.ts'
import { orbitNear } from './nearest-elements.ts'
import { type Orbit, placeAt } from './orbit.ts'
import { parseOpenNotify, parseWheretheiss } from './parse-position.ts'

export type CheckedFix = Fix & { crossCheckKm: number | null; errorKm: number | null }
export type FetchedPosition = { session: UpstreamSession; fix: CheckedFix | null }

/** The position now: from the first upstream with a plausible answer, else computed from stored elements, else null. */
export async function fetchPosition(ctx: Ctx, callMs: number): Promise<FetchedPosition> {
  const session = await openSession(ctx, ['wheretheiss', 'open-notify'], { budgetMs: callMs })
  const orbit = await orbitNear(ctx, ctx.now())
  const checked = (parse: (body: string) => Parsed<Fix>) => (body: string) =>
    check(parse(body), orbit, ctx.now())
  const first = await session.call('wheretheiss', '/v1/satellites/25544', checked(parseWheretheiss))
  if (first.ok) return { session, fix: first.value }
  const second = await session.call('open-notify', '/iss-now.json', checked(parseOpenNotify))
  return { session, fix: second.ok ? second.value : computed(orbit, ctx.now()) }
}

function check(parsed: Parsed<Fix>, orbit: Orbit | null, now: Date): Parsed<CheckedFix> {
  if (!parsed.ok) return parsed
  const fix = parsed.value
  const fault = implausible(fix, now)
  if (fault !== null) return { ok: false, reason: fault }
  const own = orbit && placeAt(orbit, fix.ts)
  const crossCheckKm = own && haversineKm(own, fix)
  if (orbit && contradicts(crossCheckKm, daysBetween(orbit.epoch, fix.ts)))
    return { ok: false, reason: `${Math.round(crossCheckKm ?? 0)} km away from the stored orbit` }
  return { ok: true, value: { ...fix, crossCheckKm, errorKm: null } }
}

function computed(orbit: Orbit | null, now: Date): CheckedFix | null {
  const place = orbit && placeAt(orbit, new Date(Math.floor(now.getTime() / 1000) * 1000))
  if (!orbit || !place) return null
  const errorKm = errorBoundKm(daysBetween(orbit.epoch, place.ts))
  return { ...place, noradId: issNoradId, source: 'sgp4', crossCheckKm: null, errorKm }
}
