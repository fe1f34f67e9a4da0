import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { visibleTo } from '../orders/visible.ts'
import type { LostClaim } from './contract.ts'

type Query = { orderId: number; after: number; limit: number }

/** The couriers whose claim came too late, by their id; null if this principal can see no such order. */
export async function listLost(ctx: Ctx, { orderId, after, limit }: Query): Promise<LostClaim[] | null> {
  const [row] = await ctx.replica.query<{ lost: LostClaim[] }>(named('dispatch.list-lost')`
select coalesce(lost, '[]'::jsonb) as lost
from dispatch.orders o
left join lateral (
  select jsonb_agg(
    jsonb_build_object('courierId', courier_id, 'times', times, 'lastAt', core.iso(last_at))
    order by courier_id
  ) as lost
  from (
    select l.courier_id, l.times, l.last_at
    from dispatch.lost_claims l
    where l.order_id = o.id
      and l.courier_id > ${after}
    order by l.courier_id
    limit ${limit}
  ) page
) late on true
where o.id = ${orderId}
  and ${visibleTo(ctx.principal)}`)
  return row?.lost ?? null
}
