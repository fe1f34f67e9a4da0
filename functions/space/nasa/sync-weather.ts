import { sql } from 'drizzle-orm'
import { weatherTypes } from '../../../schema/space/states.ts'
import { donkiEvents, donkiRevisions } from '../../../schema/space/tables.ts'
import type { Ctx } from '../../core/context.ts'
import type { JobResult } from '../../core/job.ts'
import { holding, type Lease, whileRenewing } from '../../core/lease.ts'
import { named, type Statement } from '../../core/named.ts'
import { upsertMany, upsertOf } from '../../core/upsert.ts'
import { type Days, isCovered, recordCoverage } from '../upstreams/coverage.ts'
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
  const answered: ({ copy: WeatherType } & Days)[] = []
  let error: string | null = null
  await whileRenewing(ctx, lease, async () => {
    // A list that fails stops no other. Once a server does not answer, its open circuit makes the further calls free.
    for (const { type, from, to } of await dueLists(ctx)) {
      const reply = await fetchList(session, type, { from, to })
      if (reply.ok) events.push(...reply.value)
      if (reply.ok) answered.push({ copy: type, from, to })
      else error = reply.reason
    }
  })
  const counts = await upsertMany(ctx, donkiEvents, events, {
    key: ['type', 'eventId'],
    newest: 'versionId',
    touch: 'updatedAt',
    before: [
      holding(lease),
      ...session.records(),
      ...revisions(events),
      ...recordCoverage(answered, ctx.now()),
    ],
  })
  return syncOutcome(counts, error, { faults: session.faults(), quarantined: session.quarantined() })
}

/** NASA's gateway requires a key and has a quota. CCMC serves the same data without either, but slower. */
async function fetchList(
  session: UpstreamSession,
  type: WeatherType,
  { from, to }: Days,
): Promise<Reply<WeatherEvent[]>> {
  const name = type === 'notifications' ? type : type.toUpperCase()
  const request = `${name}?startDate=${from}&endDate=${to}`
  const parse = (body: string) => parseWeather(body, type)
  const first = await session.call('donki', `/DONKI/${request}`, parse)
  return first.ok ? first : session.call('ccmc', `/DONKI/WS/get/${request}`, parse)
}

/** The weeks whose turn it is, newest first, and any week that is not covered yet. */
async function dueLists(ctx: Ctx): Promise<({ type: WeatherType } & Days)[]> {
  const turn = Math.floor(ctx.now().getTime() / 3_600_000) % olderWeeks.length
  const lists = [0, ...olderWeeks].flatMap((week) =>
    weatherTypes.map((type) => ({ type, week, ...spanOf(ctx.now(), week) })),
  )
  const known = lists.map(({ type, ...span }) => isCovered(type, span))
  const [row] = await ctx.db.query<{ known: boolean[] }>(
    named('space.due-lists')`select array[${sql.join(known, sql`, `)}] as known`,
  )
  return lists.filter(({ week }, place) => week === 0 || week === olderWeeks[turn] || !row?.known[place])
}

function spanOf(now: Date, weeksAgo: number): Days {
  const day = (daysAgo: number) => new Date(now.getTime() - daysAgo * 86_400_000).toISOString().slice(0, 10)
  return { from: day(weeksAgo * 7 + 6), to: day(weeksAgo * 7) }
}

/** A stored version never changes. */
function revisions(events: readonly WeatherEvent[]): Statement[] {
  const rows = events.map(({ type, eventId, versionId, raw }) => ({ type, eventId, versionId, raw }))
  return upsertOf(donkiRevisions, rows, { key: ['type', 'eventId', 'versionId'], append: true })
}
