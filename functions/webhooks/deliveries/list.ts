import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { ownerOf } from '../subscriptions/owner.ts'
import type { Delivery } from './contract.ts'
import { showDelivery } from './show.ts'

type Query = { id: number; state: Delivery['state'] | null; before: number | null; limit: number }

/** The deliveries of a webhook, newest first; null when the caller has no such webhook. */
export async function listDeliveries(
  ctx: Ctx,
  { id, state, before, limit }: Query,
): Promise<Delivery[] | null> {
  const [row] = await ctx.db.query<{ deliveries: Delivery[] }>(named('webhooks.list-deliveries')`
select coalesce(page.deliveries, '[]'::jsonb) as deliveries
from webhooks.webhooks w
left join lateral (
  select jsonb_agg(${showDelivery} order by d.id desc) as deliveries
  from (
    select d.*
    from webhooks.webhook_deliveries d
    where d.webhook_id = w.id
      and (${state}::text is null or d.state = ${state})
      and (${before}::bigint is null or d.id < ${before}::bigint)
    order by d.id desc
    limit ${limit}
  ) d
) page on true
where w.id = ${id}
  and w.owner = ${ownerOf(ctx)}`)
  return row?.deliveries ?? null
}
