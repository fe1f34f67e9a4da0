import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { named } from '../../core/named.ts'
import { issNoradId } from '../rules.ts'
import { elementsNear, noElementsAt, type StoredElements } from './nearest-elements.ts'
import { fixColumns, type Located, type LoggedFix, showComputed, showLogged } from './show.ts'

/** The log has a fix a minute, so each moment that it covers is at most half a minute from a fix. */
const nearSeconds = 30

/**
 * The position at a moment: observed near it, else computed from the nearest elements. A computed fix of the log is
 * computed again, because nearer elements may have arrived since. Refused if elements are stored, but none near enough.
 */
export async function locateIssAt(ctx: Ctx, ts: Date): Promise<Located | Refused | null> {
  const at = sql`${ts.toISOString()}::timestamptz`
  const [row] = await ctx.replica.query<{
    fix: LoggedFix | null
    elements: StoredElements | null
  }>(named('space.locate-iss-at')`
select
  (
    select ${fixColumns}
    from space.iss_fetch_log f
    where f.norad_id = ${issNoradId}
      and f.ts between ${at} - make_interval(secs => ${nearSeconds}) and ${at} + make_interval(secs => ${nearSeconds})
    order by f.computed, abs(extract(epoch from f.ts - ${at}))
    limit 1
  ) as fix,
  (${elementsNear(at)}) as elements`)
  const fix = row?.fix ? showLogged(row.fix, ctx.now()) : null
  if (fix && !fix.computed) return fix
  const elements = row?.elements ?? null
  return showComputed(elements, ts) ?? fix ?? (elements && noElementsAt(elements, ts))
}
