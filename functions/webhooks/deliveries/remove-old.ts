import { sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { removeOldOutbox } from '../../core/outbox.ts'

/** Rows of each kind per portion, so that no transaction is long. A run takes as many portions as there are. */
const batch = 5_000

/**
 * Removes deliveries with their attempts thirty days after they ended, and removed webhooks that have none left. Also
 * removes the outbox's events after thirty-five days, once every reader has read them.
 */
export function removeOldDeliveries(): Statement {
  // Race: the owner replays an old delivery. It is locked and stays; a delivery that was replayed just before waits and stays.
  return named('webhooks.remove-old-deliveries')`
with deliveries as (
  delete from webhooks.webhook_deliveries
  where id in (
    select id
    from webhooks.webhook_deliveries
    where created_at < now() - interval '30 days'
      and finished_at < now() - interval '30 days'
    limit ${batch}
    for update skip locked
  )
  returning 1
),
webhooks as (
  delete from webhooks.webhooks w
  where w.removed_at < now() - interval '30 days'
    and not exists (select from webhooks.webhook_deliveries d where d.webhook_id = w.id)
  returning 1
),
${removeOldOutbox({ days: 35, limit: batch })},
counts as (
  select (select count(*) from deliveries) as deliveries, (select count(*) from webhooks) as webhooks,
    (select count(*) from removed) as told
)
select ${answer(sql`jsonb_build_object('rows', deliveries + webhooks + told, 'deliveries', deliveries, 'webhooks', webhooks,
  'told', told, 'more', greatest(deliveries, told) = ${batch})`)}
from counts`
}
