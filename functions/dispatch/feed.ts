import { sql } from 'drizzle-orm'
import type { Feed } from '../core/stream.ts'
import { showEvent, showOrder } from './show.ts'

/** What happens to orders, each event with the order as it is when the event is read. */
export const orderFeed: Feed = {
  name: 'dispatch',
  table: sql`dispatch.order_events`,
  seq: 'id',
  joined: sql`join dispatch.orders o on o.id = e.order_id`,
  event: sql`${showEvent} || jsonb_build_object('order', ${showOrder('o', null)})`,
}
