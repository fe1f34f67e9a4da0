import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { hot } from '../../core/hot.ts'
import type { Statement } from '../../core/named.ts'
import { tenantScope } from '../journal/scope.ts'
import type { Bet, BetStatus } from './contract.ts'
import { showBet } from './show.ts'

type Query = { userId: string | null; status: BetStatus | null; before: string | null; limit: number }

/** Lists bets by descending id: generated ids rise with time. */
export async function listBets(ctx: Ctx, query: Query): Promise<Bet[]> {
  const rows = await tenantScope(ctx, ctx.replica).query<{ bet: Bet }>(betsStatement(query))
  return rows.map(({ bet }) => bet)
}

export function betsStatement({ userId, status, before, limit }: Query): Statement {
  const open = status === 'placed' || status === 'accepted'
  const conditions = [
    sql`v.tenant_id = ledger.tenant()`,
    ...(userId === null ? [] : [sql`v.user_id = ${userId}`]),
    ...(status === null ? [] : [sql`v.status = ${status}`]),
    // Repeats the predicate of idx_bets_view_open, so that the planner uses that index.
    ...(open ? [sql`v.open`] : []),
    ...(before === null ? [] : [sql`v.bet_id < ${before}`]),
  ]
  const statement = sql`
select ${showBet('v')} as bet
from ledger.bets_view v
where ${sql.join(conditions, sql` and `)}
order by v.bet_id desc
limit ${limit}`
  return hot('ledger.bets', statement)
}
