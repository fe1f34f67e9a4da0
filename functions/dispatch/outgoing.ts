import { sql } from 'drizzle-orm'
import type { Outgoing } from '../core/queue-deliveries.ts'
import { orderFeed } from './feed.ts'
import { showEvent, showOrder } from './show.ts'

/**
 * What webhooks hear of orders. A delivery may be undone for a while, so neither it nor its undoing is told: what is told
 * as `order.delivered` is that it became final.
 */
export const orderOutgoing: Outgoing = {
  feed: orderFeed,
  where: sql`e.type not in ('delivered', 'delivery_undone')`,
  type: sql`case e.type when 'settled' then 'order.delivered' else 'order.' || e.type end`,
  subject: sql`'order:' || e.order_id`,
  audience: sql`'store:' || o.store_id`,
  data: sql`${showEvent} || jsonb_build_object('order', ${showOrder('o', null)})`,
}
