import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { freshFixSeconds, issNoradId } from '../rules.ts'
import { elementsNear, type StoredElements } from './nearest-elements.ts'
import { fixColumns, type Located, type LoggedFix, showComputed, showLogged } from './show.ts'

/**
 * The position now: the last observed fix while it is fresh, else one computed for this moment, else the last fix, marked
 * as stale. A logged fix that was itself computed is computed again, so that the answer shows the age of its elements.
 */
export async function locateIss(ctx: Ctx): Promise<Located | null> {
  const [row] = await ctx.replica.query<{
    fix: LoggedFix | null
    elements: StoredElements | null
  }>(named('space.locate-iss')`
select
  (
    select ${fixColumns}
    from space.iss_fetch_log f
    where f.norad_id = ${issNoradId}
    order by f.ts desc
    limit 1
  ) as fix,
  (${elementsNear(sql`now()`)}) as elements`)
  const now = ctx.now()
  const last = row?.fix ? showLogged(row.fix, now) : null
  if (last && !last.computed && last.ageSeconds <= freshFixSeconds) return last
  return showComputed(row?.elements ?? null, now) ?? (last && { ...last, stale: true })
}
