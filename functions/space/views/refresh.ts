import { sql } from 'drizzle-orm'
import type { Statement } from '../../core/named.ts'
import { refreshed } from '../../core/refresh.ts'

/** Functions of the database define the views, their order and their greatest age, so that psql can call the same. */
export function refreshViews(of: 'iss' | 'osdr' | 'activity'): Statement {
  return refreshed(`space.refresh-${of}-views`, functions[of])
}

const functions = {
  iss: sql`space.refresh_iss_materialized_views()`,
  osdr: sql`space.refresh_osdr_materialized_views()`,
  activity: sql`space.refresh_activity_materialized_views()`,
}
