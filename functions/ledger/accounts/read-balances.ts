import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { type Balance, exponentOf } from '../contract.ts'
import { booksOf } from '../journal/scope.ts'

/** Over `b`. The exponent is the currency's, not the row's: it is added in TypeScript. */
export const showBalance: SQL = sql`jsonb_build_object(
  'currency', b.currency,
  'balanceMinor', b.balance_minor,
  'reservedMinor', b.reserved_minor,
  'availableMinor', b.available_minor,
  'mayGoNegative', b.may_go_negative,
  'quarantined', b.quarantined_at is not null
)`

/** A user's money, by currency. Somebody unknown has none. */
export async function readBalances(ctx: Ctx, userId: string): Promise<Balance[]> {
  const rows = await booksOf(ctx).query<{ balance: Balance }>(sql`
select ${showBalance} as balance
from ledger.user_balances b
where b.tenant_id = ledger.tenant()
  and b.user_id = ${userId}
order by b.currency
limit 200`)
  return rows.map(({ balance }) => withExponent(balance))
}

export function withExponent(balance: Omit<Balance, 'exponent'>): Balance {
  return { ...balance, exponent: exponentOf(balance.currency) }
}
