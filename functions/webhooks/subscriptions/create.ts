import { type SQL, sql } from 'drizzle-orm'
import { effectAgain } from '../../core/again.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer } from '../../core/idempotency.ts'
import { seal, unseal } from '../../core/seal.ts'
import { newSecret } from '../../core/sign.ts'
import type { NewWebhook, Webhook, WebhookWithSecret } from '../contract.ts'
import { checkTarget } from './check-target.ts'
import { ownerOf } from './owner.ts'
import { showWebhook } from './show.ts'

/** As many as the table has slots for. */
const slots = 20

type Created = { ok: true; webhook: Webhook; sealed: string } | Refused

/** Subscribes to events; the secret is told with this answer and never again. */
export async function createWebhook(
  ctx: Ctx,
  webhook: NewWebhook,
): Promise<{ ok: true; webhook: WebhookWithSecret } | Refused> {
  const refused = await checkTarget(ctx, webhook.url)
  if (refused) return refused
  const owner = ownerOf(ctx)
  // Sealed also in the answer that is kept for a repetition of this request.
  const sealed = await seal(ctx.env, newSecret(), owner)
  // Somebody else took that slot at this moment; the next one may be free.
  const created = await effectAgain<Created>(ctx, { statement: createStatement(owner, webhook, sealed) })
  if (created === null) return { ok: false, reason: 'busy', retryAfter: 1 }
  if (!created.ok) return created
  return { ok: true, webhook: { ...created.webhook, secret: await unseal(ctx.env, created.sealed, owner) } }
}

function createStatement(owner: string, { url, events, description }: NewWebhook, sealed: string): SQL {
  return sql`
with free as (
  select slot
  from generate_series(1, ${slots}) slot
  where not exists (
    select from core.webhooks w
    where w.owner = ${owner}
      and w.slot = slot.slot
      and w.removed_at is null
  )
  order by slot
  limit 1
),
created as (
  insert into core.webhooks (owner, slot, url, events, description, secret)
  select ${owner}, slot, ${url}, ${sql.param([...new Set(events)])}::text[], ${description}, ${sealed}
  from free
  on conflict (owner, slot) where removed_at is null do nothing
  returning *
)
select ${answer(sql`case
  when exists (select from created)
    then (select jsonb_build_object('ok', true, 'webhook', ${showWebhook('created')}, 'sealed', created.secret) from created)
  when exists (select from free)
    then jsonb_build_object('ok', false, 'reason', 'busy', 'again', true)
  else jsonb_build_object('ok', false, 'reason', 'too_many_webhooks', 'limit', ${slots}::int)
end`)}`
}
