import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { isReadable, readBehindHorizon } from '../../core/stream.ts'
import type { Change } from './contract.ts'

const stored = { tables: ['space.osdr_changes'], sequence: 'space.osdr_changes_id_seq' }

/**
 * Changes after a cursor, in commit order. The order is (xid, id) behind the feed's horizon, because ids are assigned before
 * commit. So a reader that resumes from any cursor misses nothing. Reads the primary, which knows the writers' locks.
 * Null when `after` is not the cursor of a readable change: such a reader would wait for ever, or miss changes.
 */
export async function listChanges(
  ctx: Ctx,
  { after, limit }: { after: [xid: string, id: number] | null; limit: number },
): Promise<Change[] | null> {
  const [xid, id] = after ?? ['0', 0]
  const [statuses, rows] = await readBehindHorizon(ctx.db, stored, [
    named('space.describe-changes')`
select exists (
  select from space.osdr_changes c where (c.xid, c.id) = (${xid}::xid8, ${id}::bigint) and ${isReadable(sql`c`, 'id')}
) as known`,
    named('space.list-changes')`
select jsonb_build_object(
  'xid', c.xid::text, 'id', c.id, 'accession', c.dataset_id, 'field', c.field, 'old', c.old, 'new', c.new,
  'seenAt', core.iso(c.seen_at)
) as change
from space.osdr_changes c
where (c.xid, c.id) > (${xid}::xid8, ${id}::bigint)
  and ${isReadable(sql`c`, 'id')}
order by c.xid, c.id
limit ${limit}`,
  ])
  // The row types are those of the statements.
  const [cursor] = (statuses ?? []) as { known: boolean }[]
  if (after !== null && cursor?.known !== true) return null
  return ((rows ?? []) as { change: Change }[]).map(({ change }) => change)
}
