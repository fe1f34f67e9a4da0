import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { visibleTo } from '../orders/visible.ts'
import type { OrderEvent } from './contract.ts'
import { showEvent } from './show.ts'

type Asked = { orderId: number; after: number | null; limit: number }

/** What happened to an order, oldest first; null when there is no such order for this principal. */
export async function listEvents(ctx: Ctx, { orderId, after, limit }: Asked): Promise<OrderEvent[] | null> {
  const [row] = await ctx.replica.query<{ events: OrderEvent[] }>(sql`
select coalesce(events, '[]'::jsonb) as events
from dispatch.orders o
left join lateral (
  select jsonb_agg(event order by id) as events
  from (
    select e.id, ${showEvent} as event
    from dispatch.order_events e
    where e.order_id = o.id
      and e.id > ${after ?? 0}
    order by e.id
    limit ${limit}
  ) page
) history on true
where o.id = ${orderId}
  and ${visibleTo(ctx.principal)}`)
  return row?.events ?? null
}
