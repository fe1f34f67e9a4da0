import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { tenantScope } from '../journal/scope.ts'
import type { BalanceThen } from './contract.ts'

type Asked = { userId: string; ts: string; basis: 'recorded' | 'effective' }

/** A user's money as it stood: by what was written down until then, or by what had happened until then. */
export async function readBalancesAt(ctx: Ctx, { userId, ts, basis }: Asked): Promise<BalanceThen[]> {
  const moment = basis === 'recorded' ? sql`e.created_at` : sql`e.occurred_at`
  const rows = await tenantScope(ctx).query<{ balance: BalanceThen }>(sql`
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
