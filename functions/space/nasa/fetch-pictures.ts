import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { openSession, type UpstreamSession } from '../upstreams/session.ts'
import { fetchPicture } from './fetch-picture.ts'
import type { Picture } from './parse-pictures.ts'

export type FetchedPictures = {
  session: UpstreamSession
  due: number
  pictures: Picture[]
  /** Day → why its picture was passed over. */
  missed: Map<string, string>
}

const daysBack = 6

/**
 * The pictures of the last seven days that are not stored, newest first. NASA's day is Eastern time. A day that fails is
 * passed over and tried again later.
 */
export async function fetchPictures(ctx: Ctx, callMs: number): Promise<FetchedPictures> {
  const session = await openSession(ctx, ['apod'], { budgetMs: callMs })
  const today = easternDay(ctx.now())
  const due = await dueDays(ctx, today)
  const pictures: Picture[] = []
  const missed = new Map<string, string>()
  for (const day of due) {
    const reply = await fetchPicture(session, day)
    if (!reply.ok && !reply.called) break
    if (!reply.ok) missed.set(day, reply.reason)
    else if (reply.value !== null) pictures.push(reply.value)
    // The picture of today may still come.
    else if (day !== today) missed.set(day, 'there is no picture')
  }
  return { session, due: due.length, pictures, missed }
}

async function dueDays(ctx: Ctx, today: string): Promise<string[]> {
  const rows = await ctx.db.query<{ day: string }>(named('space.due-days')`
select day::text
from (select ${today}::date - back as day from generate_series(0, ${daysBack}) back) wanted
left join space.upstream_misses missed on missed.upstream = 'apod' and missed.object = wanted.day::text
where not exists (select from space.apod where date = wanted.day)
  and (missed.object is null or missed.retry_at <= ${ctx.now().toISOString()}::timestamptz)
order by coalesce(missed.failures, 0), day desc
limit ${daysBack + 1}`)
  return rows.map(({ day }) => day)
}

function easternDay(now: Date): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: 'America/New_York' }).format(now)
}
