import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Aged } from './contract.ts'
import { readAggregate, summed } from './read-aggregate.ts'

/** Reads the tenant's totals, one row per currency. */
export function readSummary(ctx: Ctx): Promise<Aged> {
  return readAggregate(ctx, {
    view: 'ledger.tenants_summary_view',
    rows: sql`
  select a.currency as place, jsonb_build_object(
    'currency', a.currency, 'bets', a.bets, 'openBets', a.open_bets, 'deposits', a.deposits,
    'withdrawals', a.withdrawals, ${summed}
  ) as row
  from ledger.tenants_summary a
  limit 200`,
  })
}
