import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { decryptSecret, encryptSecret } from '../../core/encrypt.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import type { Webhook, WebhookWithSecret } from './contract.ts'
import { encryptionFor } from './encryption.ts'
import { makeSecret } from './make-secret.ts'
import { ownerOf } from './owner.ts'
import { showWebhook } from './show.ts'

/** `sealed` is the encrypted secret. Answers that are stored for repeated requests have it under this name, too. */
type Rotated = { ok: true; webhook: Webhook; sealed: string } | Refused

/** Replaces the secret. For `overlapHours` the old secret signs as well, so that the receiver can switch when it is ready. */
export async function rotateSecret(
  ctx: Ctx,
  { id, overlapHours }: { id: number; overlapHours: number },
): Promise<{ ok: true; webhook: WebhookWithSecret } | Refused> {
  const owner = ownerOf(ctx)
  const encryption = encryptionFor(ctx.env, owner)
  const secret = await encryptSecret(makeSecret(), encryption)
  const rotated = await effect<Rotated>(
    ctx,
    named('webhooks.rotate-secret')`
with changed as (
  update webhooks.webhooks w
  set secret = ${secret},
      old_secret = case when ${overlapHours > 0} then w.secret end,
      old_secret_until = case when ${overlapHours > 0} then now() + make_interval(hours => ${overlapHours}) end,
      version = w.version + 1
  where w.id = ${id}
    and w.owner = ${owner}
    and w.removed_at is null
  returning w.*
)
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'webhook', ${showWebhook('changed')}, 'sealed', changed.secret) from changed),
  jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'This webhook does not exist')
)`)}`,
  )
  if (!rotated.ok) return rotated
  return {
    ok: true,
    webhook: { ...rotated.webhook, secret: await decryptSecret(rotated.sealed, encryption) },
  }
}
