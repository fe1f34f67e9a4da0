import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { ownerOf } from './owner.ts'

/** Removes a webhook and its secrets. Its deliveries stay until retention removes them, and none is sent any more. */
export async function removeWebhook(ctx: Ctx, { id }: { id: number }): Promise<boolean> {
  const removed = await ctx.db.query(named('webhooks.remove-webhook')`
update webhooks.webhooks
set removed_at = now(), secret = '', old_secret = null, old_secret_until = null, version = version + 1
where id = ${id}
  and owner = ${ownerOf(ctx)}
  and removed_at is null
returning 1`)
  return removed.length > 0
}
