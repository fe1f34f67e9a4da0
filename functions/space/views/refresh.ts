import { type SQL, sql } from 'drizzle-orm'
import { refreshed } from '../../core/refresh.ts'

/** Which views, in which order and how old at most, stands in the functions of the database; psql calls the same. */
export function refreshViews(of: 'iss' | 'osdr' | 'activity'): SQL {
  return refreshed(functions[of])
}

const functions = {
  iss: sql`space.refresh_iss_materialized_views()`,
  osdr: sql`space.refresh_osdr_materialized_views()`,
  activity: sql`space.refresh_activity_materialized_views()`,
}
