import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Webhook } from './contract.ts'
import { ownerOf } from './owner.ts'
import { showWebhook } from './show.ts'

/** All webhooks of the caller: the table limits their number. */
export async function listWebhooks(ctx: Ctx): Promise<Webhook[]> {
  const rows = await ctx.db.query<{ webhook: Webhook }>(named('webhooks.list-webhooks')`
select ${showWebhook('w')} as webhook
from webhooks.webhooks w
where w.owner = ${ownerOf(ctx)}
  and w.removed_at is null
order by w.id
limit 100`)
  return rows.map(({ webhook }) => webhook)
}
