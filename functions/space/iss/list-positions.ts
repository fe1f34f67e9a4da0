import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { named } from '../../core/named.ts'
import { freshFixSeconds, issNoradId } from '../rules.ts'
import { notCovered } from '../upstreams/coverage.ts'
import type { Viewed } from '../views/read.ts'
import { fixColumns, type ShownFix } from './show.ts'

type Covered = Viewed<ShownFix> & { coveredFrom: string; coveredUntil: string }
type Input = { from: Date; to: Date; after: string | null; limit: number }

/**
 * The log between two moments, oldest first. It is stale if it reaches neither the end of that range nor now. Refused if
 * the range ends before the first fix, or begins after the last one by more than two missed ticks.
 */
export async function listPositions(
  ctx: Ctx,
  { from, to, after, limit }: Input,
): Promise<Covered | Refused | null> {
  const end = new Date(Math.min(to.getTime(), ctx.now().getTime()) - freshFixSeconds * 1000)
  const [read] = await ctx.replica.query<Covered>(named('space.list-positions')`
select
  core.iso(newest.fetched_at) as "asOf",
  newest.ts < ${end.toISOString()}::timestamptz as stale,
  core.iso(oldest.ts) as "coveredFrom",
  core.iso(newest.ts) as "coveredUntil",
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
) newest
cross join (
  select ts
  from space.iss_fetch_log
  where norad_id = ${issNoradId}
  order by ts
  limit 1
) oldest`)
  if (read === undefined) return null
  const { coveredFrom, coveredUntil } = read
  const [first, last] = [Date.parse(coveredFrom), Date.parse(coveredUntil) + freshFixSeconds * 1000]
  if (to.getTime() <= first || from.getTime() > last) return notCovered(coveredFrom, coveredUntil)
  return read
}
