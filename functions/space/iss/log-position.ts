import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Tx } from '../../core/db.ts'
import type { JobResult } from '../../core/job.ts'
import { contradicts, daysBetween, errorBoundKm, type Fix, implausible, issNoradId } from '../rules.ts'
import type { Parsed } from '../upstreams/lenient.ts'
import { type Conversation, converse } from '../upstreams/session.ts'
import { haversineKm } from './geometry.ts'
import { orbitNear } from './newest-elements.ts'
import { type Orbit, placeAt } from './orbit.ts'
import { parseOpenNotify, parseWheretheiss } from './parse-position.ts'

type Observed = Fix & { crossCheckKm: number | null; errorKm: number | null }
type Heard = { talk: Conversation; fix: Observed | null }

/** Where the ISS is: from whoever tells it plausibly, else computed from our own elements, else unknown. */
export async function askPosition(ctx: Ctx, askingMs: number): Promise<Heard> {
  const talk = await converse(ctx, ['wheretheiss', 'open-notify'], { budgetMs: askingMs })
  const orbit = await orbitNear(ctx, ctx.now())
  const judged = (parse: (body: string) => Parsed<Fix>) => (body: string) =>
    judge(parse(body), orbit, ctx.now())
  const first = await talk.ask('wheretheiss', '/v1/satellites/25544', judged(parseWheretheiss))
  if (first.ok) return { talk, fix: first.value }
  const second = await talk.ask('open-notify', '/iss-now.json', judged(parseOpenNotify))
  return { talk, fix: second.ok ? second.value : computed(orbit, ctx.now()) }
}

/** The same second told twice is one position: the second is no news. */
export async function logPosition(_ctx: Ctx, tx: Tx, { talk, fix }: Heard): Promise<JobResult> {
  for (const statement of talk.records()) await tx.query(statement)
  const told = { faults: talk.faults(), quarantined: talk.quarantined() }
  if (!fix)
    return {
      rows: 0,
      outcome: 'failed',
      error: `nobody knows where the ISS is: ${JSON.stringify(told.faults)}`,
    }
  await tx.query(sql`select space.keep_log_month(${fix.ts.toISOString()}::timestamptz)`)
  const { length: rows } = await tx.query(insertFix(fix))
  const { source, crossCheckKm } = fix
  return { rows, outcome: rows > 0 ? 'ok' : 'skipped', source, crossCheckKm, ...told }
}

function judge(parsed: Parsed<Fix>, orbit: Orbit | null, now: Date): Parsed<Observed> {
  if (!parsed.ok) return parsed
  const fix = parsed.value
  const fault = implausible(fix, now)
  if (fault !== null) return { ok: false, reason: fault }
  const own = orbit && placeAt(orbit, fix.ts)
  const crossCheckKm = own && haversineKm(own, fix)
  if (orbit && contradicts(crossCheckKm, daysBetween(orbit.epoch, fix.ts)))
    return { ok: false, reason: `${Math.round(crossCheckKm ?? 0)} km away from where the orbit is` }
  return { ok: true, value: { ...fix, crossCheckKm, errorKm: null } }
}

function computed(orbit: Orbit | null, now: Date): Observed | null {
  const place = orbit && placeAt(orbit, new Date(Math.floor(now.getTime() / 1000) * 1000))
  if (!orbit || !place) return null
  const errorKm = errorBoundKm(daysBetween(orbit.epoch, place.ts))
  return { ...place, noradId: issNoradId, source: 'sgp4', crossCheckKm: null, errorKm }
}

function insertFix(fix: Observed): SQL {
  return sql`
insert into space.iss_fetch_log (
  norad_id, ts, latitude, longitude, altitude_km, velocity_kmh, visibility, source, computed, cross_check_km, error_km
)
values (
  ${fix.noradId}, ${fix.ts.toISOString()}::timestamptz, ${fix.latitude}, ${wrapped(fix.longitude)}, ${fix.altitudeKm},
  ${fix.velocityKmh}, ${fix.visibility}, ${fix.source}, ${fix.source === 'sgp4'}, ${fix.crossCheckKm}, ${fix.errorKm}
)
on conflict (norad_id, ts) do nothing
returning ts`
}

/** The date line is one meridian in the log: -180. */
function wrapped(longitude: number): number {
  return longitude === 180 ? -180 : longitude
}
