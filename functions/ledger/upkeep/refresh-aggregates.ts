import { sql } from 'drizzle-orm'
import type { Statement } from '../../core/named.ts'
import { refreshed } from '../../core/refresh.ts'

/** Refreshes summary, activity and top bets; skips the work if no event arrived since. */
export function refreshAggregates(): Statement {
  return refreshed('ledger.refresh-aggregates', sql`ledger.refresh_aggregate_views()`)
}
