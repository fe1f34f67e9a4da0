import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import type { OrderEvent } from './contract.ts'
import { visibleTo } from './visible.ts'

type Asked = { orderId: number; after: number | null; limit: number }

/** What happened to an order, oldest first; null when there is no such order for this principal. */
export async function readHistory(ctx: Ctx, { orderId, after, limit }: Asked): Promise<OrderEvent[] | null> {
  const [row] = await ctx.replica.query<{ events: OrderEvent[] }>(sql`
select coalesce(events, '[]'::jsonb) as events
from dispatch.orders o
left join lateral (
  select jsonb_agg(event order by id) as events
  from (
    select e.id, jsonb_build_object(
      'id', e.id,
      'orderId', e.order_id,
      'type', e.type,
      'fromStatus', e.from_status,
      'toStatus', e.to_status,
      'actor', jsonb_build_object('role', e.actor_role, 'id', e.actor_id),
      'courierId', e.courier_id,
      'fence', e.fence,
      'data', e.data,
      'createdAt', core.iso(e.created_at)
    ) as event
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
