import { sql } from 'drizzle-orm'
import { firstFree } from '../../core/claim.ts'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { emit } from '../../core/outbox.ts'
import { recordEvent } from '../events/record.ts'
import { undoSeconds } from '../rules.ts'

/** Deliveries per run; the run of the next minute takes the rest. */
const runLimit = 1_000

/** Makes deliveries final once their time to undo has expired, and only then emits them to other modules. */
export function settleDeliveries(): Statement {
  // Race: a concurrent undo. If it holds the order's row, this statement skips the row; otherwise the undo waits and
  // then finds the delivery settled.
  return named('dispatch.settle-deliveries')`
with due as ${firstFree(
    sql`select o.id
  from dispatch.orders o
  where o.status = 'delivered'
    and o.settled_at is null
    and o.delivered_at <= now() - make_interval(secs => ${undoSeconds})
  order by o.delivered_at`,
    runLimit,
  )},
changed as (
  update dispatch.orders o
  set settled_at = now(),
      version = o.version + 1
  from due
  where o.id = due.id
  returning o.*
),
logged as (${recordEvent({ type: 'settled', of: 'changed', from: sql`changed.status`, by: null })}),
emitted as (${emit({
    topic: 'dispatch',
    from: 'changed',
    type: 'order.delivered',
    subject: sql`'order:' || changed.id`,
    audience: sql`'module:any'`,
    data: sql`jsonb_build_object(
      'orderId', changed.id,
      'storeId', changed.store_id,
      'courierId', changed.courier_id,
      'priceMinor', changed.price_minor,
      'currency', changed.currency,
      'deliveredAt', core.iso(changed.delivered_at)
    )`,
  })})
select ${answer(sql`jsonb_build_object('rows', (select count(*) from changed))`)}`
}
