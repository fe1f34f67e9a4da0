import { type SQL, sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'

/** Events per portion, so that no transaction is long. A run takes as many portions as there are. */
const batch = 5_000

/** Removes events of ended orders after ninety days, by a function of the owner: the Worker's role cannot delete. */
export function removeOldEvents(): SQL {
  return sql`
select ${answer(sql`jsonb_build_object('rows', rows, 'more', rows = ${batch})`)}
from (select dispatch.remove_old_events(${batch}) as rows) removed`
}
