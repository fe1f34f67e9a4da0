import { type SQL, sql } from 'drizzle-orm'
import { refreshed } from '../../core/refresh.ts'

/** Refreshes summary, activity and top bets; skips the work if no event arrived since. */
export function refreshAggregates(): SQL {
  return refreshed(sql`ledger.refresh_aggregate_views()`)
}
