import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { tenantScope } from '../journal/scope.ts'
import type { Aged } from './contract.ts'
import { exact } from './show.ts'

/** Looked at every minute: what is older than three has been missed. */
const staleAfterSeconds = 180

/** Over `a`: the sums that every aggregate has. */
export const summed = sql`
  'stakeMinor', ${exact(sql`a.stake_minor`)},
  'payoutMinor', ${exact(sql`a.payout_minor`)},
  'depositedMinor', ${exact(sql`a.deposited_minor`)},
  'withdrawnMinor', ${exact(sql`a.withdrawn_minor`)}`

/** `rows` selects place and row, of one tenant out of a materialized view; with them comes when it was read from its sources. */
export async function readAggregate(ctx: Ctx, { view, rows }: { view: string; rows: SQL }): Promise<Aged> {
  const [answer] = await tenantScope(ctx).query<{ aged: Aged }>(sql`
with shown as (${rows}
),
refreshed as (
  select confirmed_at
  from core.view_refreshes
  where view = ${view}
  order by id desc
  limit 1
)
select jsonb_build_object(
  'asOf', (select core.iso(confirmed_at) from refreshed),
  'stale', coalesce((select confirmed_at < now() - make_interval(secs => ${staleAfterSeconds}) from refreshed), true),
  'data', coalesce((select jsonb_agg(row order by place) from shown), '[]')
) as aged`)
  return answer?.aged ?? { asOf: null, stale: true, data: [] }
}
