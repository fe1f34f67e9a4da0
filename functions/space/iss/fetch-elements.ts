import type { Ctx } from '../../core/context.ts'
import { daysBetween, oldestUsableElementsDays } from '../rules.ts'
import type { Parsed } from '../upstreams/lenient.ts'
import { openSession, type UpstreamSession } from '../upstreams/session.ts'
import { orbitNear } from './nearest-elements.ts'
import { type Elements, epochOf } from './orbit.ts'
import { isNotUpdated, parseCelestrak, parseSatnogs, parseWheretheissTle } from './parse-elements.ts'

type News = { elements: Elements; source: 'celestrak' | 'wheretheiss' | 'satnogs' } | 'not modified'
export type FetchedElements = { session: UpstreamSession; news: News | null }

/**
 * Fresh orbital elements from the first upstream that has some. If CelesTrak answers "not updated", no other upstream is
 * called, unless no usable elements are stored: CelesTrak counts by address, and a Worker shares its address with others.
 */
export async function fetchElements(ctx: Ctx, callMs: number): Promise<FetchedElements> {
  const session = await openSession(ctx, ['celestrak', 'wheretheiss', 'satnogs'], { budgetMs: callMs })
  const usable = (parsed: Parsed<Elements>) => nearNow(parsed, ctx.now())
  const celestrak = await session.call<Elements | null>(
    'celestrak',
    '/NORAD/elements/gp.php?CATNR=25544&FORMAT=JSON',
    (body) => (isNotUpdated(body) ? { ok: true, value: null } : usable(parseCelestrak(body))),
  )
  if (celestrak.ok && celestrak.value)
    return { session, news: { elements: celestrak.value, source: 'celestrak' } }
  if (celestrak.ok && (await orbitNear(ctx, ctx.now()))) return { session, news: 'not modified' }
  const wheretheiss = await session.call('wheretheiss', '/v1/satellites/25544/tles', (body) =>
    usable(parseWheretheissTle(body)),
  )
  if (wheretheiss.ok) return { session, news: { elements: wheretheiss.value, source: 'wheretheiss' } }
  const satnogs = await session.call('satnogs', '/api/tle/?norad_cat_id=25544&format=json', (body) =>
    usable(parseSatnogs(body)),
  )
  return { session, news: satnogs.ok ? { elements: satnogs.value, source: 'satnogs' } : null }
}

function nearNow(parsed: Parsed<Elements>, now: Date): Parsed<Elements> {
  if (!parsed.ok) return parsed
  const days = daysBetween(epochOf(parsed.value), now)
  if (days <= oldestUsableElementsDays) return parsed
  return { ok: false, reason: `the epoch is ${Math.round(days)} days away` }
}
