import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Tx } from '../../core/db.ts'
import type { JobResult } from '../../core/job.ts'
import { daysBetween, issNoradId, oldestUsableElementsDays } from '../rules.ts'
import type { Parsed } from '../upstreams/lenient.ts'
import { type Conversation, converse } from '../upstreams/session.ts'
import { orbitNear } from './newest-elements.ts'
import { type Elements, epochOf } from './orbit.ts'
import { isNotUpdated, parseCelestrak, parseSatnogs, parseWheretheissTle } from './parse-elements.ts'

type News = { elements: Elements; source: 'celestrak' | 'wheretheiss' | 'satnogs' } | 'not modified'
type Heard = { talk: Conversation; news: News | null }

/**
 * Fresh orbital elements from whoever has them. "Not updated" is an answer, and nobody else is asked; unless we have
 * none, because CelesTrak counts by address, and a Worker shares its address with strangers.
 */
export async function askElements(ctx: Ctx, askingMs: number): Promise<Heard> {
  const talk = await converse(ctx, ['celestrak', 'wheretheiss', 'satnogs'], { budgetMs: askingMs })
  const usable = (parsed: Parsed<Elements>) => atHand(parsed, ctx.now())
  const celestrak = await talk.ask<Elements | null>(
    'celestrak',
    '/NORAD/elements/gp.php?CATNR=25544&FORMAT=JSON',
    (body) => (isNotUpdated(body) ? { ok: true, value: null } : usable(parseCelestrak(body))),
  )
  if (celestrak.ok && celestrak.value)
    return { talk, news: { elements: celestrak.value, source: 'celestrak' } }
  if (celestrak.ok && (await orbitNear(ctx, ctx.now()))) return { talk, news: 'not modified' }
  const wheretheiss = await talk.ask('wheretheiss', '/v1/satellites/25544/tles', (body) =>
    usable(parseWheretheissTle(body)),
  )
  if (wheretheiss.ok) return { talk, news: { elements: wheretheiss.value, source: 'wheretheiss' } }
  const satnogs = await talk.ask('satnogs', '/api/tle/?norad_cat_id=25544&format=json', (body) =>
    usable(parseSatnogs(body)),
  )
  return { talk, news: satnogs.ok ? { elements: satnogs.value, source: 'satnogs' } : null }
}

/** Every epoch is kept once; the newest wins by being newest, whenever it arrives. */
export async function storeElements(_ctx: Ctx, tx: Tx, { talk, news }: Heard): Promise<JobResult> {
  for (const statement of talk.records()) await tx.query(statement)
  const told = { faults: talk.faults(), quarantined: talk.quarantined() }
  if (news === null)
    return { rows: 0, outcome: 'failed', error: `nobody has elements: ${JSON.stringify(told.faults)}` }
  if (news === 'not modified') return { rows: 0, outcome: 'skipped', reason: 'not modified', ...told }
  const { elements, source } = news
  const { length: rows } = await tx.query(sql`
insert into space.elements (norad_id, epoch, omm, source)
values (${issNoradId}, ${epochOf(elements).toISOString()}::timestamptz, ${JSON.stringify(elements)}::jsonb, ${source})
on conflict (norad_id, epoch) do nothing
returning epoch`)
  return { rows, outcome: rows > 0 ? 'ok' : 'skipped', source, epoch: elements.EPOCH, ...told }
}

function atHand(parsed: Parsed<Elements>, now: Date): Parsed<Elements> {
  if (!parsed.ok) return parsed
  const days = daysBetween(epochOf(parsed.value), now)
  if (days <= oldestUsableElementsDays) return parsed
  return { ok: false, reason: `the epoch is ${Math.round(days)} days away` }
}
