import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { visibleTo } from '../orders/visible.ts'
import type { OrderEvent } from './contract.ts'
import { historyFor } from './show.ts'

type Query = { orderId: number; after: number | null; limit: number }

/** The events of an order that this principal may see, oldest first; null if this principal can see no such order. */
export async function listEvents(ctx: Ctx, { orderId, after, limit }: Query): Promise<OrderEvent[] | null> {
  const { visible, event } = historyFor(ctx.principal)
  const [row] = await ctx.replica.query<{ events: OrderEvent[] }>(named('dispatch.list-events')`
select coalesce(events, '[]'::jsonb) as events
from dispatch.orders o
left join lateral (
  select jsonb_agg(event order by id) as events
  from (
    select e.id, ${event} as event
    from dispatch.order_events e
    where e.order_id = o.id
      and e.id > ${after ?? 0}
      and ${visible}
    order by e.id
    limit ${limit}
  ) page
) history on true
where o.id = ${orderId}
  and ${visibleTo(ctx.principal)}`)
  return row?.events ?? null
}
