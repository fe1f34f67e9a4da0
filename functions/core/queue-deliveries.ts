/**
 * From what happened to what is to be delivered: each event of a feed, once for each webhook that wants it.
 *
 * Guarantee: the deliveries of an event and the feed's place move in one transaction, so no event is passed over and
 * none is queued twice (and the unique index would refuse it); deliveries of one webhook have rising ids in the order of
 * the feed. A webhook hears what comes after its creation. Without any webhook the place moves to the newest event.
 * How a caller loses: of two at once the second waits for the place and finds nothing left.
 * What the caller must do: repeat while `more`. Driver: HTTP, one statement.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from './context.ts'
import type { Outgoing } from './outbox.ts'
import { isReadable, markHorizon, newestCursor } from './stream.ts'

/** Events read at once. */
const page = 500
/** How long an event is tried to be delivered. */
export const deliveryDays = 3

type Queued = { queued: number; more: boolean }

export async function queueDeliveries(ctx: Ctx, outgoing: Outgoing): Promise<Queued> {
  const [, rows] = await ctx.db.batch([markHorizon(outgoing.feed), queueStatement(outgoing)])
  // The row type is that of the statement.
  const [row] = (rows ?? []) as Queued[]
  return row ?? { queued: 0, more: false }
}

function queueStatement({ feed, where, type, subject, audience, data }: Outgoing): SQL {
  const seq = sql`e.${sql.identifier(feed.seq)}`
  const place = `webhooks:${feed.name}`
  // Race: two senders at once. The place is locked before it is used as the start; events are read with the statement's
  // snapshot, which is older than the lock, so a start beyond it finds nothing, and the place only ever moves forward.
  return sql`
with active as materialized (
  select w.id, w.owner, w.events, w.xid
  from core.webhooks w
  where w.disabled_at is null
    and w.removed_at is null
),
place as materialized (
  select p.xid, p.seq
  from core.feed_positions p
  where p.name = ${place}
  for update
),
page as materialized (
  select e.*
  from ${feed.table} e
  where (e.xid, ${seq}) > (coalesce((select xid from place), '0'), coalesce((select seq from place), 0))
    and ${isReadable(sql`e`, feed.seq)}
    and exists (select from active)
  order by e.xid, ${seq}
  limit ${page}
),
leaving as (
  select e.xid, ${seq} as seq, ${audience} as audience, ${subject} as subject, ${type} as type,
    jsonb_build_object('type', ${type}, 'timestamp', core.iso(e.created_at), 'data', ${data})::text as body
  from page e
  ${feed.joined ?? sql``}
  where ${where}
),
queued as (
  insert into core.webhook_deliveries (webhook_id, event_id, subject, type, body, give_up_at)
  select w.id, ${`evt_${feed.name}_`} || leaving.seq, leaving.subject, leaving.type, leaving.body,
    now() + make_interval(days => ${deliveryDays})
  from leaving
  join active w
    on w.xid <= leaving.xid
    and (w.owner = 'admin' or w.owner = leaving.audience)
    and w.events && array['*', leaving.type, split_part(leaving.type, '.', 1) || '.*']
  order by leaving.xid, leaving.seq, w.id
  on conflict (webhook_id, event_id) do nothing
  returning 1
),
upto as (
  (select xid, ${sql.identifier(feed.seq)} as seq from page order by xid desc, ${sql.identifier(feed.seq)} desc limit 1)
  union all
  (select xid::xid8, seq::bigint from (${newestCursor(feed)}) newest where not exists (select from active))
),
moved as (
  insert into core.feed_positions as p (name, xid, seq)
  select ${place}, xid, seq
  from upto
  on conflict (name) do update
  set xid = excluded.xid, seq = excluded.seq, moved_at = now()
  where (excluded.xid, excluded.seq) > (p.xid, p.seq)
)
select (select count(*) from queued)::int as queued, (select count(*) from page) = ${page} as more`
}
