import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import type { ShownFix } from './locate.ts'
import { issNoradId } from './rules.ts'
import { fixColumns } from './show.ts'

type Asked = { from: Date; to: Date; after: string | null; limit: number }

/** The log between two moments, oldest first. */
export async function listPositions(ctx: Ctx, { from, to, after, limit }: Asked): Promise<ShownFix[]> {
  const rows = await ctx.replica.query<{ fix: ShownFix }>(sql`
select ${fixColumns} - 'fetchedAt' as fix
from space.iss_fetch_log f
where f.norad_id = ${issNoradId}
  and f.ts >= ${from.toISOString()}::timestamptz
  and f.ts < ${to.toISOString()}::timestamptz
  and f.ts > coalesce(${after}::timestamptz, '-infinity')
order by f.ts
limit ${limit}`)
  return rows.map(({ fix }) => fix)
}
