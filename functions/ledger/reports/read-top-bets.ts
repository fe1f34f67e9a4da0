import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Aged } from './contract.ts'
import { readAggregate } from './read-aggregate.ts'

/** Lists the highest stakes of the day among open and won bets, ranked within each currency. */
export function readTopBets(ctx: Ctx, limit: number): Promise<Aged> {
  return readAggregate(ctx, {
    view: 'ledger.top_bets_today',
    rows: sql`
  select a.currency || lpad(a.rank::text, 4, '0') as place, jsonb_build_object(
    'rank', a.rank, 'id', a.bet_id, 'userId', a.user_id, 'stakeMinor', a.amount_minor, 'currency', a.currency,
    'odds', a.odds::text, 'selection', a.selection, 'status', a.status, 'payoutMinor', a.payout_minor,
    'placedAt', core.iso(a.placed_at)
  ) as row
  from ledger.top_bets a
  where a.rank <= ${limit}
  limit 20000`,
  })
}
