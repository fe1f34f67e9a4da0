import { type SQL, sql } from 'drizzle-orm'
import { thisOne } from '../../core/claim.ts'

/**
 * CTEs `account` and `waiting`: the locked account, and the deltas that credits queued while another command held it.
 * Race: the previous holder folds a queued delta into the row. Postgres rereads the row after the wait but finds the
 * deltas through the older snapshot. Locking the deltas drops those already folded, so none counts twice. The command
 * does not see a credit that arrives during the wait; it behaves as if it ran before that credit.
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
