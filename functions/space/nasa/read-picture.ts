import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'

export type ShownPicture = Record<string, unknown> & { asOf: string; stale: boolean; date: string }

/** The picture of a day, or the newest one. The newest is stale after a whole day without a new picture. */
export async function readPicture(ctx: Ctx, date: string | null): Promise<ShownPicture | null> {
  const [row] = await ctx.replica.query<{ picture: ShownPicture }>(sql`
select jsonb_build_object(
  'asOf', core.iso(a.fetched_at), 'stale', ${date}::date is null and a.date < ${ctx.now().toISOString()}::date - 2,
  'date', a.date, 'title', a.title, 'explanation', a.explanation, 'mediaType', a.media_type, 'url', a.url,
  'hdUrl', a.hd_url, 'thumbnailUrl', a.thumbnail_url, 'copyright', a.copyright
) as picture
from space.apod a
where a.date = coalesce(${date}::date, (select max(date) from space.apod))`)
  return row?.picture ?? null
}
