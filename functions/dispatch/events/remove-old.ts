import { sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'

/** Events and lost claims per portion, so that no transaction is long. A run takes as many portions as there are. */
const batch = 5_000

/** Removes events of ended orders and lost claims after ninety days, by a function of the owner: the Worker's role cannot delete. */
export function removeOldEvents(): Statement {
  return named('dispatch.remove-old-events')`
select ${answer(sql`jsonb_build_object('rows', rows, 'more', rows >= ${batch})`)}
from (select dispatch.remove_old_events(${batch}) as rows) removed`
}
