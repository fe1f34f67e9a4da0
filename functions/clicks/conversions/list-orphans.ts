import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named, type Statement } from '../../core/named.ts'
import { ownerOf } from '../campaigns/owner.ts'
import type { Orphan } from './contract.ts'

type Query = { state: Orphan['state']; before: number | null; limit: number }

/** Parked postbacks in one state, newest first. */
export async function listOrphans(ctx: Ctx, query: Query): Promise<Orphan[]> {
  const owner = ctx.principal?.role === 'admin' ? null : ownerOf(ctx)
  const rows = await ctx.replica.query<{ orphan: Orphan }>(listOrphansStatement({ owner, ...query }))
  return rows.map(({ orphan }) => orphan)
}

export function listOrphansStatement({
  owner,
  state,
  before,
  limit,
}: Query & { owner: string | null }): Statement {
  return named('clicks.list-orphans')`
select jsonb_build_object(
  'id', o.id, 'owner', o.owner, 'sourceId', o.traffic_source_id, 'clickId', o.click_id, 'type', o.type,
  'txid', nullif(o.txid, ''), 'status', o.status, 'payoutMinor', o.payout_minor, 'currency', o.currency,
  'state', o.state, 'receivedAt', core.iso(o.received_at), 'decidedAt', core.iso(o.decided_at),
  'matchedClickId', o.matched_click_id
) as orphan
from clicks.orphan_postbacks o
where o.state = ${state}
  and ${owner === null ? sql`true` : sql`o.owner = ${owner}`}
  and ${before === null ? sql`true` : sql`o.id < ${before}`}
order by o.id desc
limit ${limit}`
}
