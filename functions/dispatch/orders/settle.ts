import { type SQL, sql } from 'drizzle-orm'
import { firstFree } from '../../core/claim.ts'
import { answer } from '../../core/idempotency.ts'
import { emit } from '../../core/outbox.ts'
import { recordEvent } from '../events/record.ts'
import { undoSeconds } from '../rules.ts'

/** Deliveries settled by one run; the next minute takes the rest. */
const runLimit = 1_000

/** Makes deliveries final whose time to be undone is over: only now does anybody outside hear of them. */
export function settleDeliveries(): SQL {
  // Race: an undo at the same moment. It holds the order's row, so this passes over it; or it waits for this one, and
  // then finds the delivery settled.
  return sql`
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
told as (${emit({
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
