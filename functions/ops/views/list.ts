import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { View } from './contract.ts'

/** Each materialized view: its last refresh, its age, and whether its sources have been written since. */
export async function listViews(ctx: Ctx): Promise<View[]> {
  const rows = await ctx.replica.query<{ view: View }>(sql`
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
  'stale', s.last_refresh is null or s.pending_writes > 0,
  'skipped', s.skipped
) as view
from core.get_views_refresh_status() s
order by s.view
limit 200`)
  return rows.map(({ view }) => view)
}
