import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { beginning, positionOf, settled } from '../../core/stream.ts'
import type { LedgerEventType, StoredEvent } from './contract.ts'
import { tenantScope } from './scope.ts'
import { showEvent } from './show.ts'

type Query = { after: string | null; type: LedgerEventType | null; limit: number }

/** Reads a page of the feed. Readers miss no event and see none twice, however many writers are active. */
export async function readEvents(ctx: Ctx, { after, type, limit }: Query): Promise<StoredEvent[]> {
  const { xid, seq } = (after === null ? null : positionOf(after)) ?? beginning
  const rows = await tenantScope(ctx).query<{ event: StoredEvent }>(sql`
select ${showEvent} as event
from ledger.events e
where e.tenant_id = ledger.tenant()
  and (e.xid, e.seq) > (${xid}::xid8, ${seq}::bigint)
  and ${settled(sql`e`)}
  ${type === null ? sql`` : sql`and e.family = ${familyOf(type)} and e.event_type = ${type}`}
order by e.xid, e.seq
limit ${limit}`)
  return rows.map(({ event }) => event)
}

/** The event table of a type, so that Postgres reads only that table. */
const familyOf = (type: LedgerEventType) => type.split('_')[1]?.toLowerCase() ?? ''
