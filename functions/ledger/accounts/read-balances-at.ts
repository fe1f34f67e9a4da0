import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { tenantScope } from '../journal/scope.ts'
import type { BalanceThen } from './contract.ts'

type Query = { userId: string; ts: string; basis: 'recorded' | 'effective' }

/** Sums the events recorded by a time, or those that took effect by it, into balances per currency. */
export async function readBalancesAt(ctx: Ctx, { userId, ts, basis }: Query): Promise<BalanceThen[]> {
  const moment = basis === 'recorded' ? sql`e.created_at` : sql`e.occurred_at`
  const rows = await tenantScope(ctx).query<{ balance: BalanceThen }>(named('ledger.read-balances-at')`
select jsonb_build_object(
  'currency', e.currency,
  'balanceMinor', sum(e.balance_delta),
  'reservedMinor', sum(e.reserved_delta),
  'availableMinor', sum(e.balance_delta - e.reserved_delta)
) as balance
from ledger.balance_events e
where e.tenant_id = ledger.tenant()
  and e.user_id = ${userId}
  and ${moment} <= ${ts}::timestamptz
group by e.currency
order by e.currency
limit 200`)
  return rows.map(({ balance }) => balance)
}
