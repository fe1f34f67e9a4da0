import { type SQL, sql } from 'drizzle-orm'
import { refreshed } from '../../core/refresh.ts'

/** Summary, activity and top bets, unless no event came since. */
export function refreshAggregates(): SQL {
  return refreshed(sql`ledger.refresh_aggregate_views()`)
}
