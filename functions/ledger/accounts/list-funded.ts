import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { tenantScope } from '../journal/scope.ts'
import type { Account } from './contract.ts'
import { showBalance, withExponent } from './show.ts'

type Query = { currency: string; after: string | null; limit: number }
type Funded = { userId: string; balance: Account }

/**
 * Lists the accounts of one currency that have money available, by user. A waiting credit may be what funds an account,
 * so the accounts with waiting credits, which the next minute folds, are looked at as well.
 */
export async function listFunded(ctx: Ctx, { currency, after, limit }: Query): Promise<Account[]> {
  const rows = await tenantScope(ctx, ctx.replica).query<Funded>(named('ledger.list-funded')`
with funded as (
  (select v.user_id
  from ledger.user_balances_view v
  where v.tenant_id = ledger.tenant()
    and v.currency = ${currency}
    and v.funded
    and v.user_id > ${after ?? ''}
  order by v.user_id
  limit ${limit})
  union
  select d.user_id
  from ledger.balance_deltas d
  where d.tenant_id = ledger.tenant()
    and d.currency = ${currency}
    and d.user_id > ${after ?? ''}
)
select f.user_id as "userId", ${showBalance} as balance
from funded f
join ledger.user_balances b on b.tenant_id = ledger.tenant() and b.user_id = f.user_id and b.currency = ${currency}
where b.available_minor > 0
  -- Says it again of the balances: a merge of both would read them from the tenant's first user.
  and b.user_id > ${after ?? ''}
order by f.user_id
limit ${limit}`)
  return rows.map(({ userId, balance }) => ({ userId, ...withExponent(balance) }))
}
