/**
 * The fan-out: from each event of a feed to one delivery for each webhook that subscribes to it.
 *
 * Guarantee: the deliveries of an event are queued in the transaction that moves the feed's cursor. So no event is skipped
 * and none is queued twice (a unique index would refuse it). The ids of a webhook's deliveries rise in the order of the
 * feed. A webhook receives the events after its creation. Without any webhook the cursor moves to the newest event.
 * How a caller loses: the second of two at once waits for the cursor and finds nothing left.
 * The caller must repeat it while `more`. Driver: HTTP, one batch.
 */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { beginCursor, cursorOfReader, lockCursor, moveCursor } from '../../core/cursors.ts'
import { named, type Statement } from '../../core/named.ts'
import type { Outgoing } from '../../core/outbox.ts'
import { isReadable, markHorizon, newestCursor } from '../../core/stream.ts'
import { deliveryDays } from '../rules.ts'

/** Events of one statement. */
const pageSize = 500

type Queued = { queued: number; more: boolean }

export async function fanOut(ctx: Ctx, outgoing: Outgoing): Promise<Queued> {
  const cursor = cursorOfReader('webhooks', outgoing.feed.name)
  const [, , rows] = await ctx.db.batch([
    markHorizon(outgoing.feed),
    beginCursor(cursor),
    fanOutStatement(outgoing, cursor),
  ])
  // The row type is that of the statement.
  const [row] = (rows ?? []) as Queued[]
  return row ?? { queued: 0, more: false }
}

function fanOutStatement(
  { feed, where, type, subject, audience, data }: Outgoing,
  cursor: string,
): Statement {
  const seq = sql`e.${sql.identifier(feed.seq)}`
  // Race: two fan-outs at once. The second waits for the cursor's lock and then starts at the moved cursor. Its snapshot is
  // older than that lock, so it may miss the newest events; they stay beyond the cursor for the next fan-out.
  return named('webhooks.fan-out')`
with active as materialized (
  select w.id, w.owner, w.events, w.xid
  from webhooks.webhooks w
  where w.disabled_at is null
    and w.removed_at is null
),
reader as materialized (${lockCursor(cursor)}
),
page as materialized (
  select e.*
  from ${feed.table} e
  where (e.xid, ${seq}) > ((select xid from reader), (select seq from reader))
    and ${isReadable(sql`e`, feed.seq)}
    and exists (select from active)
  order by e.xid, ${seq}
  limit ${pageSize}
),
emitted as (
  select e.xid, ${seq} as seq, ${audience} as audience, ${subject} as subject, ${type} as type,
    jsonb_build_object('type', ${type}, 'timestamp', core.iso(e.created_at), 'data', ${data})::text as body
  from page e
  ${feed.joined ?? sql``}
  where ${where}
),
queued as (
  insert into webhooks.webhook_deliveries (webhook_id, event_id, subject, type, body, give_up_at)
  select w.id, ${`evt_${feed.name}_`} || emitted.seq, emitted.subject, emitted.type, emitted.body,
    now() + make_interval(days => ${deliveryDays})
  from emitted
  join active w
    on w.xid <= emitted.xid
    and (w.owner = 'admin' or w.owner = emitted.audience)
    and w.events && array['*', emitted.type, split_part(emitted.type, '.', 1) || '.*']
  order by emitted.xid, emitted.seq, w.id
  on conflict (webhook_id, event_id) do nothing
  returning 1
),
upto as (
  (select xid, ${sql.identifier(feed.seq)} as seq from page order by xid desc, ${sql.identifier(feed.seq)} desc limit 1)
  union all
  (select xid::xid8, seq::bigint from (${newestCursor(feed)}) newest where not exists (select from active))
),
moved as (${moveCursor(cursor, { from: 'upto' })}
)
select (select count(*) from queued)::int as queued, (select count(*) from page) = ${pageSize} as more`
}
