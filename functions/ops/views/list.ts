import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { staleAfterSeconds } from '../../registry/views.ts'
import type { View } from './contract.ts'

/** Each materialized view: its last refresh, its age, the writes since then, and whether its public answers say `stale`. */
export async function listViews(ctx: Ctx): Promise<View[]> {
  const rows = await ctx.replica.query<{ view: View }>(named('ops.list-views')`
select jsonb_build_object(
  'name', s.view,
  'populated', s.populated,
  'lastRefresh', core.iso(s.last_refresh),
  'asOf', core.iso(s.confirmed_at),
  'ageSeconds', s.age_seconds,
  'durationMs', s.duration_ms,
  'rows', s.rows,
  'sizeBytes', s.size_bytes,
  'pendingWrites', s.pending_writes,
  'stale', coalesce(s.age_seconds > limits.seconds, s.last_refresh is null),
  'skipped', s.skipped
) as view
from core.get_views_refresh_status() s
left join lateral (select (${JSON.stringify(staleAfterSeconds)}::jsonb ->> s.view)::float8 as seconds) limits on true
order by s.view
limit 200`)
  return rows.map(({ view }) => view)
}
