import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { readView, type Viewed } from './read.ts'

/** The 24 hours before now, not before the last refresh. */
export function recentActivity(ctx: Ctx): Promise<Viewed<Record<string, unknown>> | null> {
  return readView(ctx, {
    name: 'space.mv_recent_activity',
    row: sql`jsonb_build_object(
      'activityType', v.activity_type, 'details', v.details, 'activityTime', core.iso(v.activity_time)
    )`,
    where: sql`v.activity_time > ${ctx.now().toISOString()}::timestamptz - interval '24 hours'`,
    orderBy: sql`v.activity_time desc, v.activity_id`,
    limit: 100,
  })
}
