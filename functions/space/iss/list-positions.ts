import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { freshFixSeconds, issNoradId } from '../rules.ts'
import type { Viewed } from '../views/read.ts'
import { fixColumns, type ShownFix } from './show.ts'

type Input = { from: Date; to: Date; after: string | null; limit: number }

/** The log between two moments, oldest first. It is stale if it reaches neither the end of that range nor now. */
export async function listPositions(
  ctx: Ctx,
  { from, to, after, limit }: Input,
): Promise<Viewed<ShownFix> | null> {
  const end = new Date(Math.min(to.getTime(), ctx.now().getTime()) - freshFixSeconds * 1000)
  const [read] = await ctx.replica.query<Viewed<ShownFix>>(sql`
select
  core.iso(newest.fetched_at) as "asOf",
  newest.ts < ${end.toISOString()}::timestamptz as stale,
  to_jsonb(array(
    select ${fixColumns} - 'fetchedAt'
    from space.iss_fetch_log f
    where f.norad_id = ${issNoradId}
      and f.ts >= ${from.toISOString()}::timestamptz
      and f.ts < ${to.toISOString()}::timestamptz
      and f.ts > coalesce(${after}::timestamptz, '-infinity')
    order by f.ts
    limit ${limit}
  )) as data
from (
  select ts, fetched_at
  from space.iss_fetch_log
  where norad_id = ${issNoradId}
  order by ts desc
  limit 1
) newest`)
  return read ?? null
}
