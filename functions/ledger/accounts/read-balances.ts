import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { hot } from '../../core/hot.ts'
import type { Statement } from '../../core/named.ts'
import { tenantScope } from '../journal/scope.ts'
import type { Balance } from './contract.ts'
import { showBalance, withExponent } from './show.ts'

/** Reads a user's balances, one per currency. An unknown user has none. */
export async function readBalances(ctx: Ctx, userId: string): Promise<Balance[]> {
  const rows = await tenantScope(ctx).query<{ balance: Balance }>(balancesStatement(userId))
  return rows.map(({ balance }) => withExponent(balance))
}

export function balancesStatement(userId: string): Statement {
  const statement = sql`
select ${showBalance} as balance
from ledger.user_balances b
where b.tenant_id = ledger.tenant()
  and b.user_id = ${userId}
order by b.currency
limit 200`
  return hot('ledger.read-balances', statement)
}
