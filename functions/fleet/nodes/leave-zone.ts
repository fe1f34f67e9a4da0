import { type SQL, sql } from 'drizzle-orm'
import { leaveBehind } from './leave-behind.ts'

/** CTEs: the nodes in `changed` leave their zones, and what waits for them there is void. */
export function leaveZone(): SQL {
  return sql`
freed as (
  delete from fleet.zone_slots s
  using changed
  where s.node_id = changed.id
  returning 1
),${leaveBehind({ from: sql`changed`, id: sql`changed.id`, after: sql`freed` })}`
}
