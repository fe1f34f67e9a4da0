import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { deliveryDays, testLimit } from '../rules.ts'
import { ownerOf } from '../subscriptions/owner.ts'
import type { DeliveryWithBody } from './contract.ts'
import { deliverDue } from './deliver-due.ts'
import { readDelivery } from './read.ts'

const { burst, everySeconds } = testLimit

type Tested = { ok: true; delivery: DeliveryWithBody } | Refused

/**
 * Sends a test event at once and returns its delivery with the attempt. Each webhook has a limit of its own, because a test
 * sends a request to a server that its caller chose, at a moment that its caller chooses.
 */
export async function sendTest(ctx: Ctx, { id }: { id: number }): Promise<Tested> {
  const nonce = crypto.randomUUID()
  // Race: many requests at once. Each waits for the webhook's row, and Postgres checks the limit again on the changed row.
  const queued = await effect<{ ok: true; deliveryId: number } | Refused>(
    ctx,
    named('webhooks.send-test')`
with wanted as (
  select w.id, w.disabled_at is null as enabled, w.tests_free_at
  from webhooks.webhooks w
  where w.id = ${id}
    and w.owner = ${ownerOf(ctx)}
    and w.removed_at is null
),
allowed as (
  update webhooks.webhooks w
  set tests_free_at = greatest(w.tests_free_at, now()) + make_interval(secs => ${everySeconds})
  where w.id in (select id from wanted where enabled)
    and coalesce(w.tests_free_at, now()) <= now() + make_interval(secs => ${(burst - 1) * everySeconds})
  returning w.id
),
queued as (
  insert into webhooks.webhook_deliveries (webhook_id, event_id, subject, type, body, give_up_at)
  select w.id, ${`evt_test_${nonce}`}, ${`test:${nonce}`}, 'webhook.test',
    jsonb_build_object('type', 'webhook.test', 'timestamp', core.iso(now()), 'data', jsonb_build_object('webhookId', w.id))::text,
    now() + make_interval(days => ${deliveryDays})
  from allowed w
  returning id
)
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'deliveryId', id) from queued),
  (select jsonb_build_object('ok', false, 'reason', 'conflict', 'detail', 'A disabled webhook sends nothing: enable it first') from wanted where not enabled),
  (select jsonb_build_object(
    'ok', false, 'reason', 'rate_limited', 'class', 'test', 'again', true,
    'detail', ${`A webhook sends a test event every ${everySeconds} seconds, or ${burst} at once`}::text,
    'retryAfter', greatest(1, least(${everySeconds}, ceil(extract(epoch from tests_free_at - now()) - ${(burst - 1) * everySeconds})::int))
  ) from wanted),
  jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'This webhook does not exist')
)`)}`,
  )
  if (!queued.ok) {
    // Waiting makes room, so this refusal is no answer to keep: the same key may try again after the pause.
    const { again: _, ...refused } = queued
    return refused
  }
  const { deliveryId } = queued
  await deliverDue(ctx, { deliveryId })
  const delivery = await readDelivery(ctx, { id, deliveryId })
  return delivery === null ? { ok: false, reason: 'not_found' } : { ok: true, delivery }
}
