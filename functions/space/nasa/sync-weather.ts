import { type SQL, sql } from 'drizzle-orm'
import { weatherTypes } from '../../../schema/space/states.ts'
import { donkiEvents, donkiRevisions } from '../../../schema/space/tables.ts'
import type { Ctx } from '../../core/context.ts'
import type { JobResult } from '../../core/job.ts'
import { holding, type Lease, whileRenewing } from '../../core/lease.ts'
import { upsertMany, upsertOf } from '../../core/upsert.ts'
import { openSession, type Reply, type UpstreamSession } from '../upstreams/session.ts'
import { syncOutcome } from '../upstreams/sync-outcome.ts'
import { parseWeather, type WeatherEvent, type WeatherType } from './parse-weather.ts'

/** Events are revised for weeks. Each hour requests the last seven days and one older week in turn. */
const olderWeeks = [1, 2, 3]
const budgetMs = 600_000

/** Copies the space weather of the last four weeks: the newest version of each event, and every version ever received. */
export async function syncWeather(ctx: Ctx, lease: Lease): Promise<JobResult> {
  const session = await openSession(ctx, ['donki', 'ccmc'], { budgetMs })
  const events: WeatherEvent[] = []
  const error = await whileRenewing(ctx, lease, async () => {
    let unread: string | null = null
    for (const week of await dueWeeks(ctx))
      for (const type of weatherTypes) {
        const reply = await fetchWeek(session, type, spanOf(ctx.now(), week))
        if (reply.ok) events.push(...reply.value)
        // An unreadable list is skipped, but servers that do not answer end the run.
        else if (reply.quarantined) unread = reply.reason
        else return reply.reason
      }
    return unread
  })
  const counts = await upsertMany(ctx, donkiEvents, events, {
    key: ['type', 'eventId'],
    newest: 'versionId',
    touch: 'updatedAt',
    before: [holding(lease), ...session.records(), ...revisions(events)],
  })
  return syncOutcome(counts, error, { faults: session.faults(), quarantined: session.quarantined() })
}

type Span = { from: string; to: string }

/** NASA's gateway requires a key and has a quota. CCMC serves the same data without either, but slower. */
async function fetchWeek(
  session: UpstreamSession,
  type: WeatherType,
  { from, to }: Span,
): Promise<Reply<WeatherEvent[]>> {
  const name = type === 'notifications' ? type : type.toUpperCase()
  const request = `${name}?startDate=${from}&endDate=${to}`
  const parse = (body: string) => parseWeather(body, type)
  const first = await session.call('donki', `/DONKI/${request}`, parse)
  return first.ok ? first : session.call('ccmc', `/DONKI/WS/get/${request}`, parse)
}

async function dueWeeks(ctx: Ctx): Promise<number[]> {
  const [row] = await ctx.db.query<{ known: boolean }>(
    sql`select exists (select from space.donki_events) as known`,
  )
  if (!row?.known) return [0, ...olderWeeks]
  const turn = Math.floor(ctx.now().getTime() / 3_600_000) % olderWeeks.length
  return [0, ...olderWeeks.slice(turn, turn + 1)]
}

function spanOf(now: Date, weeksAgo: number): Span {
  const day = (daysAgo: number) => new Date(now.getTime() - daysAgo * 86_400_000).toISOString().slice(0, 10)
  return { from: day(weeksAgo * 7 + 6), to: day(weeksAgo * 7) }
}

/** A stored version never changes. */
function revisions(events: readonly WeatherEvent[]): SQL[] {
  const rows = events.map(({ type, eventId, versionId, raw }) => ({ type, eventId, versionId, raw }))
  return upsertOf(donkiRevisions, rows, { key: ['type', 'eventId', 'versionId'], append: true })
}
