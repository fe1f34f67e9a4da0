import { sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'

/** Folds the deltas that credits queued beside busy accounts into their rows, so that readers add up fewer rows. */
export function foldWaiting(): Statement {
  return named('ledger.fold-waiting')`
with folded as materialized (select ledger.fold_waiting(1000) as accounts)
select ${answer(sql`jsonb_build_object(
  'rows', accounts, 'outcome', case accounts when 0 then 'skipped' else 'ok' end
)`)}
from folded`
}
