import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import {
  beginning,
  type CursorStatus,
  cursorStatuses,
  isReadable,
  parseCursor,
  readBehindHorizon,
} from '../../core/stream.ts'
import { ledgerFeed } from '../feed.ts'
import type { LedgerEventType, StoredEvent } from './contract.ts'
import { tenantScope } from './scope.ts'
import { showEvent } from './show.ts'

type Query = { after: string | null; type: LedgerEventType | null; limit: number }

/**
 * Reads a page of the feed. Readers miss no event and see none twice, however many writers are active. Null when `after`
 * is not the cursor of a readable event of this tenant: such a reader would wait for ever, or miss events.
 */
export async function readEvents(ctx: Ctx, { after, type, limit }: Query): Promise<StoredEvent[] | null> {
  const cursor = (after === null ? null : parseCursor(after)) ?? beginning
  const { xid, seq } = cursor
  const [statuses, rows] = await readBehindHorizon(tenantScope(ctx), ledgerFeed, [
    cursorStatuses(ledgerFeed, [cursor]),
    named('ledger.read-events')`
select ${showEvent} as event
from ledger.events e
where e.tenant_id = ledger.tenant()
  and (e.xid, e.seq) > (${xid}::xid8, ${seq}::bigint)
  and ${isReadable(sql`e`)}
  ${type === null ? sql`` : sql`and e.family = ${familyOf(type)} and e.event_type = ${type}`}
order by e.xid, e.seq
limit ${limit}`,
  ])
  // The row types are those of the statements.
  const [known] = (statuses ?? []) as { status: CursorStatus }[]
  if (known?.status !== 'known') return null
  return ((rows ?? []) as { event: StoredEvent }[]).map(({ event }) => event)
}

/** The event table of a type, so that Postgres reads only that table. */
const familyOf = (type: LedgerEventType) => type.split('_')[1]?.toLowerCase() ?? ''
