/**
 * Materialized views, each with the age in seconds from which answers out of it say `stale`: twice the period of
 * its refresh or more. The public answers and the operator's list read the same number.
 */
const core = {} as const

const space = {
  'space.mv_recent_activity': 2 * 900,
  'space.mv_iss_coverage_map': 2 * 3_600,
  'space.mv_iss_stats_daily': 2 * 3_600,
  'space.mv_iss_stats_hourly': 2 * 3_600,
  'space.mv_osdr_by_year': 2 * 3_600,
  'space.mv_osdr_stats': 2 * 3_600,
} as const

const ledger = {
  'ledger.user_activity_view': 180,
  'ledger.tenants_summary_view': 180,
  'ledger.top_bets_today': 180,
} as const

export const staleAfterSeconds = { ...core, ...space, ...ledger } as const

export type ViewName = keyof typeof staleAfterSeconds
