import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { openSession, type UpstreamSession } from '../upstreams/session.ts'
import { type Picture, parsePictures } from './parse-pictures.ts'

export type FetchedPictures = { session: UpstreamSession; pictures: Picture[] | 'known' | null }

/**
 * The pictures since the newest stored one, at most a week. NASA's day is Eastern time. Once the day's picture is stored,
 * no call is made.
 */
export async function fetchPictures(ctx: Ctx, callMs: number): Promise<FetchedPictures> {
  const session = await openSession(ctx, ['apod'], { budgetMs: callMs })
  const today = easternDay(ctx.now())
  const weekAgo = dayBefore(today, 6)
  const newest = await newestDay(ctx)
  if (newest !== null && newest >= today) return { session, pictures: 'known' }
  const from = newest === null || newest < weekAgo ? weekAgo : dayBefore(newest, -1)
  const request = from === today ? `date=${today}` : `start_date=${from}&end_date=${today}`
  const reply = await session.call('apod', `/planetary/apod?${request}&thumbs=true`, parsePictures)
  return { session, pictures: reply.ok ? reply.value : null }
}

async function newestDay(ctx: Ctx): Promise<string | null> {
  const [row] = await ctx.db.query<{ day: string | null }>(sql`select max(date)::text as day from space.apod`)
  return row?.day ?? null
}

function easternDay(now: Date): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: 'America/New_York' }).format(now)
}

function dayBefore(day: string, days: number): string {
  return new Date(Date.parse(day) - days * 86_400_000).toISOString().slice(0, 10)
}
