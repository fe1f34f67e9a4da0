import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { issNoradId } from '../rules.ts'
import { fixColumns } from '../upstreams/show.ts'
import { computedAt, type Located, logged, type ShownFix } from './locate.ts'
import { elementsNear, type StoredElements } from './newest-elements.ts'

/** The log has a fix a minute: none is farther than half of that from any moment it covers. */
const nearSeconds = 30

/**
 * Where the ISS was or will be: observed near that moment, else computed for it from the elements nearest to it, which may
 * have come only after a computed fix was logged.
 */
export async function locateIssAt(ctx: Ctx, ts: Date): Promise<Located | null> {
  const at = sql`${ts.toISOString()}::timestamptz`
  const [row] = await ctx.replica.query<{
    fix: (ShownFix & { fetchedAt: string }) | null
    elements: StoredElements | null
  }>(sql`
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
  const fix = row?.fix ? logged(row.fix, ctx.now()) : null
  if (fix && !fix.computed) return fix
  return computedAt(row?.elements ?? null, ts) ?? fix
}
