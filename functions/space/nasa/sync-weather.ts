import { type SQL, sql } from 'drizzle-orm'
import { weatherTypes } from '../../../schema/space/states.ts'
import { donkiEvents, donkiRevisions } from '../../../schema/space/tables.ts'
import type { Ctx } from '../../core/context.ts'
import type { JobResult } from '../../core/job.ts'
import { holding, type Lease, whileRenewing } from '../../core/lease.ts'
import { upsertMany, upsertOf } from '../../core/upsert.ts'
import { type Conversation, converse, type Told } from '../upstreams/session.ts'
import { outcomeOf } from '../upstreams/sync-outcome.ts'
import { parseWeather, type WeatherEvent, type WeatherType } from './parse-donki.ts'

/** Events are revised for weeks. The last seven days are asked for every hour, one older week by turns. */
const olderWeeks = [1, 2, 3]
const budgetMs = 600_000

/** Space weather of the last four weeks: the newest version of each event, and every version ever seen. */
export async function syncWeather(ctx: Ctx, lease: Lease): Promise<JobResult> {
  const talk = await converse(ctx, ['donki', 'ccmc'], { budgetMs })
  const events: WeatherEvent[] = []
  const error = await whileRenewing(ctx, lease, async () => {
    let unread: string | null = null
    for (const week of await weeksToAsk(ctx))
      for (const type of weatherTypes) {
        const answer = await askWeek(talk, type, spanOf(ctx.now(), week))
        if (answer.ok) events.push(...answer.value)
        // A list that cannot be read is its own misfortune; servers that do not answer end the run.
        else if (answer.quarantined) unread = answer.reason
        else return answer.reason
      }
    return unread
  })
  const counts = await upsertMany(ctx, donkiEvents, events, {
    key: ['type', 'eventId'],
    newest: 'versionId',
    touch: 'updatedAt',
    before: [holding(lease), ...talk.records(), ...revisions(events)],
  })
  return outcomeOf(counts, error, { faults: talk.faults(), quarantined: talk.quarantined() })
}

type Span = { from: string; to: string }

/** NASA's gateway has a quota and a key; the same data is at CCMC without either, slower. */
async function askWeek(
  talk: Conversation,
  type: WeatherType,
  { from, to }: Span,
): Promise<Told<WeatherEvent[]>> {
  const name = type === 'notifications' ? type : type.toUpperCase()
  const asked = `${name}?startDate=${from}&endDate=${to}`
  const parse = (body: string) => parseWeather(body, type)
  const first = await talk.ask('donki', `/DONKI/${asked}`, parse)
  return first.ok ? first : talk.ask('ccmc', `/DONKI/WS/get/${asked}`, parse)
}

async function weeksToAsk(ctx: Ctx): Promise<number[]> {
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

/** A version never changes once it is seen. */
function revisions(events: readonly WeatherEvent[]): SQL[] {
  const rows = events.map(({ type, eventId, versionId, raw }) => ({ type, eventId, versionId, raw }))
  return upsertOf(donkiRevisions, rows, { key: ['type', 'eventId', 'versionId'], append: true })
}
