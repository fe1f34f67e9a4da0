import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Webhook } from './contract.ts'
import { ownerOf } from './owner.ts'
import { showWebhook } from './show.ts'

export async function readWebhook(ctx: Ctx, { id }: { id: number }): Promise<Webhook | null> {
  const [row] = await ctx.db.query<{ webhook: Webhook }>(named('webhooks.read-webhook')`
select ${showWebhook('w')} as webhook
from webhooks.webhooks w
where w.id = ${id}
  and w.owner = ${ownerOf(ctx)}
  and w.removed_at is null`)
  return row?.webhook ?? null
}
