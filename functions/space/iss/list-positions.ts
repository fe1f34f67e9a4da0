import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { freshFixSeconds, issNoradId } from '../rules.ts'
import { fixColumns } from '../upstreams/show.ts'
import type { Viewed } from '../views/read.ts'
import type { ShownFix } from './locate.ts'

type Asked = { from: Date; to: Date; after: string | null; limit: number }

/** The log between two moments, oldest first. Stale: it does not reach the end of what was asked, or this moment. */
export async function listPositions(
  ctx: Ctx,
  { from, to, after, limit }: Asked,
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
