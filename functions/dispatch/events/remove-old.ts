import { type SQL, sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'

/** Events of one run, a moment's work; a run each quarter of an hour keeps up with five a second. */
const batch = 5_000

/** Removes events of ended orders after ninety days: the database does it, the Worker may not. */
export function removeOldEvents(): SQL {
  return sql`select ${answer(sql`jsonb_build_object('rows', dispatch.remove_old_events(${batch}))`)}`
}
