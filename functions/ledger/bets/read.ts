import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { hot } from '../../core/hot.ts'
import type { Statement } from '../../core/named.ts'
import { tenantScope } from '../journal/scope.ts'
import type { Bet } from './contract.ts'
import { showBet } from './show.ts'

export async function readBet(ctx: Ctx, betId: string): Promise<Bet | null> {
  const [row] = await tenantScope(ctx).query<{ bet: Bet }>(betStatement(betId))
  return row?.bet ?? null
}

export function betStatement(betId: string): Statement {
  const statement = sql`
select ${showBet('v')} as bet
from ledger.bets_view v
where v.tenant_id = ledger.tenant()
  and v.bet_id = ${betId}`
  return hot('ledger.read-bet', statement)
}
