import { type SQL, sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'

/** Folds the deltas that credits queued beside busy accounts into their rows, so that readers add up fewer rows. */
export function foldWaiting(): SQL {
  return sql`
with folded as materialized (select ledger.fold_waiting(1000) as accounts)
select ${answer(sql`jsonb_build_object(
  'rows', accounts, 'outcome', case accounts when 0 then 'skipped' else 'ok' end
)`)}
from folded`
}
