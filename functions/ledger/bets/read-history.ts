import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { StoredEvent } from '../journal/contract.ts'
import { tenantScope } from '../journal/scope.ts'
import { showEvent } from '../journal/show.ts'

type Query = { betId: string; after: number; limit: number }

/** Lists the events of a bet, oldest first; null if there is no such bet. */
export async function readHistory(ctx: Ctx, { betId, after, limit }: Query): Promise<StoredEvent[] | null> {
  const rows = await tenantScope(ctx).query<{ event: StoredEvent | null }>(named('ledger.read-history')`
select event
from ledger.bets_view v
left join lateral (
  select ${showEvent} as event
  from ledger.events e
  where e.tenant_id = v.tenant_id
    and e.family = 'bets'
    and e.aggregate_id = v.bet_id
    and e.stream_version > ${after}
  order by e.stream_version
  limit ${limit}
) page on true
where v.tenant_id = ledger.tenant()
  and v.bet_id = ${betId}`)
  return rows.length === 0 ? null : rows.flatMap(({ event }) => event ?? [])
}
