import { type SQL, sql } from 'drizzle-orm'
import { thisOne } from '../../core/claim.ts'

/**
 * CTEs `account` and `waiting`: one account, locked, and what credits left beside its row while others held it.
 * Race: a waiting change that the former holder folded into the row. The row is read anew after the wait, the changes
 * by the older snapshot; locking them drops those that are gone, so none counts twice. A credit that came during the
 * wait is not seen: then the command is as if it had come before.
 */
export function lockAccount({ whose, when = sql`true` }: { whose: SQL; when?: SQL }): SQL {
  return sql`
account as ${thisOne(sql`
  select b.*
  from ledger.user_balances_view b
  where b.tenant_id = ledger.tenant()
    and (b.user_id, b.currency) = (${whose})
    and ${when}`)},
waiting as ${thisOne(sql`
  select d.balance_delta - d.reserved_delta as minor
  from account a
  join ledger.balance_deltas d on d.tenant_id = a.tenant_id and d.user_id = a.user_id and d.currency = a.currency`)}`
}
