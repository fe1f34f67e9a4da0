import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { ownerOf } from '../subscriptions/owner.ts'
import type { DeliveryWithBody } from './contract.ts'
import { showDelivery } from './show.ts'

/** One delivery with the body that is sent. */
export async function readDelivery(
  ctx: Ctx,
  { id, deliveryId }: { id: number; deliveryId: number },
): Promise<DeliveryWithBody | null> {
  const [row] = await ctx.db.query<{ delivery: DeliveryWithBody }>(named('webhooks.read-delivery')`
select ${showDelivery} || jsonb_build_object('body', d.body) as delivery
from webhooks.webhook_deliveries d
join webhooks.webhooks w on w.id = d.webhook_id
where d.id = ${deliveryId}
  and w.id = ${id}
  and w.owner = ${ownerOf(ctx)}`)
  return row?.delivery ?? null
}
