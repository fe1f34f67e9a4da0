import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { lastRefreshOf } from '../../core/refresh.ts'
import { staleAfterSeconds, type ViewName } from '../../registry/views.ts'
import { tenantScope } from '../journal/scope.ts'
import type { Aged } from './contract.ts'
import { exact } from './show.ts'

/** The sums that every aggregate has, of the row `a`. */
export const summed = sql`
  'stakeMinor', ${exact(sql`a.stake_minor`)},
  'payoutMinor', ${exact(sql`a.payout_minor`)},
  'depositedMinor', ${exact(sql`a.deposited_minor`)},
  'withdrawnMinor', ${exact(sql`a.withdrawn_minor`)}`

/** Reads a materialized view with its age. `rows` selects sort key and JSON of one tenant's rows, as `place` and `row`. */
export async function readAggregate(ctx: Ctx, { view, rows }: { view: ViewName; rows: SQL }): Promise<Aged> {
  const [answer] = await tenantScope(ctx).query<{ aged: Aged }>(named('ledger.read-aggregate')`
with shown as (${rows}
),
refreshed as ${lastRefreshOf(view)}
select jsonb_build_object(
  'asOf', (select core.iso(confirmed_at) from refreshed),
  'stale', coalesce((select confirmed_at < now() - make_interval(secs => ${staleAfterSeconds[view]}) from refreshed), true),
  'data', coalesce((select jsonb_agg(row order by place) from shown), '[]')
) as aged`)
  return answer?.aged ?? { asOf: null, stale: true, data: [] }
}
