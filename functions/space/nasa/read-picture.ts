import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { pictureColumns } from './show.ts'

export type ShownPicture = Record<string, unknown> & { asOf: string; stale: boolean; date: string }

/** The picture of a day, or the newest one. The newest is stale after a whole day without a new picture. */
export async function readPicture(ctx: Ctx, date: string | null): Promise<ShownPicture | null> {
  const [row] = await ctx.replica.query<{ picture: ShownPicture }>(named('space.read-picture')`
select ${pictureColumns} || jsonb_build_object(
  'stale', ${date}::date is null and a.date < ${ctx.now().toISOString()}::date - 2
) as picture
from space.apod a
where a.date = coalesce(${date}::date, (select max(date) from space.apod))`)
  return row?.picture ?? null
}
