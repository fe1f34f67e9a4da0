import { sql } from 'drizzle-orm'
import { effectAgain } from '../../core/again.ts'
import type { Ctx } from '../../core/context.ts'
import { decryptSecret, encryptSecret } from '../../core/encrypt.ts'
import type { Refused } from '../../core/errors.ts'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { checkTarget } from './check-target.ts'
import type { NewWebhook, Webhook, WebhookWithSecret } from './contract.ts'
import { encryptionFor } from './encryption.ts'
import { makeSecret } from './make-secret.ts'
import { ownerOf } from './owner.ts'
import { showWebhook } from './show.ts'

/** The table has so many slots per owner. */
const slots = 20

/** `sealed` is the encrypted secret. Answers that are stored for repeated requests have it under this name, too. */
type Created = { ok: true; webhook: Webhook; sealed: string } | Refused

/** Subscribes to events. Only this answer contains the secret. */
export async function createWebhook(
  ctx: Ctx,
  webhook: NewWebhook,
): Promise<{ ok: true; webhook: WebhookWithSecret } | Refused> {
  const refused = await checkTarget(ctx, webhook.url)
  if (refused) return refused
  const owner = ownerOf(ctx)
  const encryption = encryptionFor(ctx.env, owner)
  const secret = await encryptSecret(makeSecret(), encryption)
  // Race: another request took the same slot; the next slot may be free. Each lost attempt means that one slot was
  // taken, so a request that loses as often as there are slots finds none.
  const created = await effectAgain<Created>(ctx, {
    statement: createStatement(owner, webhook, secret),
    attempts: slots + 1,
  })
  if (created === null) return { ok: false, reason: 'busy', retryAfter: 1 }
  if (!created.ok) return created
  return {
    ok: true,
    webhook: { ...created.webhook, secret: await decryptSecret(created.sealed, encryption) },
  }
}

function createStatement(owner: string, { url, events, description }: NewWebhook, secret: string): Statement {
  return named('webhooks.create-webhook')`
with free as (
  select slot
  from generate_series(1, ${slots}) slot
  where not exists (
    select from webhooks.webhooks w
    where w.owner = ${owner}
      and w.slot = slot.slot
      and w.removed_at is null
  )
  order by slot
  limit 1
),
created as (
  insert into webhooks.webhooks (owner, slot, url, events, description, secret)
  select ${owner}, slot, ${url}, ${sql.param([...new Set(events)])}::text[], ${description}, ${secret}
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
