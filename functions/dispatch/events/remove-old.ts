import { type SQL, sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'

/** Events per run. A run every fifteen minutes keeps up with five events a second. */
const batch = 5_000

/** Removes events of ended orders after ninety days, by a function of the owner: the Worker's role cannot delete. */
export function removeOldEvents(): SQL {
  return sql`select ${answer(sql`jsonb_build_object('rows', dispatch.remove_old_events(${batch}))`)}`
}
