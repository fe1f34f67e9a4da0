import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Aged } from './contract.ts'
import { readAggregate, summed } from './read-aggregate.ts'

/** Reads one user's totals, one row per currency. */
export function readActivity(ctx: Ctx, userId: string): Promise<Aged> {
  return readAggregate(ctx, {
    view: 'ledger.user_activity_view',
    rows: sql`
  select a.currency as place, jsonb_build_object(
    'currency', a.currency, 'bets', a.bets, ${summed}, 'lastSeenAt', core.iso(a.last_seen_at)
  ) as row
  from ledger.user_activity a
  where a.user_id = ${userId}
  limit 200`,
  })
}
