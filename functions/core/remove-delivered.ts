import { type SQL, sql } from 'drizzle-orm'
import { answer } from './idempotency.ts'
import { outboxOutgoing } from './outbox.ts'
import { removedUpTo } from './stream.ts'

/** Rows of each kind in one run, a moment's work; the next quarter of an hour takes more. */
const batch = 5_000

/**
 * Removes deliveries with their attempts thirty days after they ended, webhooks that were taken away and have none left,
 * and what the outbox told, after thirty-five days, once it is queued; with the place up to which it is gone.
 */
export function removeDelivered(): SQL {
  const { name } = outboxOutgoing.feed
  return sql`
with deliveries as (
  delete from core.webhook_deliveries
  where id in (
    select id
    from core.webhook_deliveries
    where created_at < now() - interval '30 days'
      and finished_at < now() - interval '30 days'
    limit ${batch}
  )
  returning 1
),
webhooks as (
  delete from core.webhooks w
  where w.removed_at < now() - interval '30 days'
    and not exists (select from core.webhook_deliveries d where d.webhook_id = w.id)
  returning 1
),
told as (
  delete from core.outbox
  where (xid, seq) in (
    select e.xid, e.seq
    from core.outbox e
    where e.created_at < now() - interval '35 days'
      and (e.xid, e.seq) <= (select p.xid, p.seq from core.feed_positions p where p.name = ${`webhooks:${name}`})
    order by e.xid, e.seq
    limit ${batch}
  )
  returning xid, seq
),
marked as (
  insert into core.feed_positions as p (name, xid, seq)
  (select ${removedUpTo(name)}, xid, seq from told order by xid desc, seq desc limit 1)
  on conflict (name) do update
  set xid = excluded.xid, seq = excluded.seq, moved_at = now()
  where (excluded.xid, excluded.seq) > (p.xid, p.seq)
),
counts as (
  select (select count(*) from deliveries) as deliveries, (select count(*) from webhooks) as webhooks,
    (select count(*) from told) as told
)
select ${answer(sql`jsonb_build_object('rows', deliveries + webhooks + told, 'deliveries', deliveries, 'webhooks', webhooks, 'told', told)`)}
from counts`
}
