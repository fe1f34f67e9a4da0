import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Delivery, OwnedDelivery } from './contract.ts'
import { showDelivery } from './show.ts'

type Query = { state: Delivery['state']; before: number | null; limit: number }

/** The deliveries in a state of all owners' webhooks, newest first. Each webhook gives its newest by an index. */
export async function listAllDeliveries(ctx: Ctx, { state, before, limit }: Query): Promise<OwnedDelivery[]> {
  const rows = await ctx.db.query<{ delivery: OwnedDelivery }>(named('webhooks.list-all-deliveries')`
select ${showDelivery} || jsonb_build_object('webhookId', d.webhook_id, 'owner', d.owner) as delivery
from (
  select d.*, w.owner
  from webhooks.webhooks w
  cross join lateral (
    select *
    from webhooks.webhook_deliveries d
    where d.webhook_id = w.id
      and d.state = ${state}
      and (${before}::bigint is null or d.id < ${before}::bigint)
    order by d.id desc
    limit ${limit}
  ) d
  where w.removed_at is null
  order by d.id desc
  limit ${limit}
) d
order by d.id desc`)
  return rows.map(({ delivery }) => delivery)
}
