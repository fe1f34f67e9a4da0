import { sql } from 'drizzle-orm'
import { apod } from '../../../schema/space/tables.ts'
import type { Ctx } from '../../core/context.ts'
import type { Tx } from '../../core/db.ts'
import type { JobResult } from '../../core/job.ts'
import { upserted, upsertOf } from '../../core/upsert.ts'
import { type Conversation, converse } from '../upstreams/session.ts'
import { type Picture, parsePictures } from './parse-apod.ts'

type Heard = { talk: Conversation; pictures: Picture[] | 'known' | null }

/**
 * The pictures since the newest we have, at most a week. The day is Eastern time: theirs, not ours. While the day's
 * picture is known there is nothing to ask.
 */
export async function askPictures(ctx: Ctx, askingMs: number): Promise<Heard> {
  const talk = await converse(ctx, ['apod'], { budgetMs: askingMs })
  const today = easternDay(ctx.now())
  const weekAgo = dayBefore(today, 6)
  const newest = await newestDay(ctx)
  if (newest !== null && newest >= today) return { talk, pictures: 'known' }
  const from = newest === null || newest < weekAgo ? weekAgo : dayBefore(newest, -1)
  const request = from === today ? `date=${today}` : `start_date=${from}&end_date=${today}`
  const answer = await talk.ask('apod', `/planetary/apod?${request}&thumbs=true`, parsePictures)
  return { talk, pictures: answer.ok ? answer.value : null }
}

export async function storePictures(_ctx: Ctx, tx: Tx, { talk, pictures }: Heard): Promise<JobResult> {
  for (const statement of talk.records()) await tx.query(statement)
  if (pictures === 'known') return { rows: 0, outcome: 'skipped', reason: "the day's picture is known" }
  const told = { faults: talk.faults(), quarantined: talk.quarantined() }
  if (pictures === null)
    return { rows: 0, outcome: 'failed', error: `no picture: ${JSON.stringify(told.faults)}` }
  const results = []
  for (const statement of upsertOf(apod, pictures, { key: ['date'], touch: 'fetchedAt' }))
    results.push(await tx.query(statement))
  const counts = upserted(results)
  const rows = counts.inserted + counts.updated
  return { rows, outcome: rows > 0 ? 'ok' : 'skipped', ...counts, ...told }
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
