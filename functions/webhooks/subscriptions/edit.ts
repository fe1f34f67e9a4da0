import { sql } from 'drizzle-orm'
import { webhooks } from '../../../schema/webhooks/tables.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { assignments, changeVersion } from '../../core/versioned.ts'
import { deliveryDays } from '../rules.ts'
import { checkTarget } from './check-target.ts'
import type { Webhook, WebhookChange } from './contract.ts'
import { ownerOf } from './owner.ts'
import { showWebhook } from './show.ts'

type Edit = { id: number; version: number; change: WebhookChange }

/**
 * Changes the target, the events or the description, disables or enables. Enabling resets the count of failures and gives
 * the deliveries that stayed queued three new days.
 */
export async function editWebhook(
  ctx: Ctx,
  { id, version, change }: Edit,
): Promise<{ ok: true; value: Webhook } | Refused> {
  const { url, events, description, enabled } = change
  const refused = url === undefined ? null : await checkTarget(ctx, url)
  if (refused) return refused
  return changeVersion(ctx, {
    verb: 'webhooks.edit-webhook',
    table: webhooks,
    id,
    version,
    set: [
      ...assignments({ url, description }),
      ...(events === undefined ? [] : [sql`events = ${sql.param([...new Set(events)])}::text[]`]),
      ...(enabled === undefined ? [] : enabled ? enabling : disabling),
    ],
    visible: sql`found.owner = ${ownerOf(ctx)} and found.removed_at is null`,
    ...(enabled === true && { also: queueResumed }),
    value: showWebhook('changed'),
  })
}

const enabling = [
  sql`disabled_at = null`,
  sql`disabled_for = null`,
  sql`failures = 0`,
  sql`failing_since = null`,
  sql`paused_until = null`,
]
const queueResumed = sql`,
queued as materialized (
  select d.id
  from webhooks.webhook_deliveries d
  where d.webhook_id in (select changed.id from changed join found using (id) where found.disabled_at is not null)
    and d.state = 'waiting'
  order by d.id
  for update
),
resumed as (
  update webhooks.webhook_deliveries d
  set give_up_at = now() + make_interval(days => ${deliveryDays})
  from queued
  where d.id = queued.id
)`
const disabling = [
  sql`disabled_at = coalesce(t.disabled_at, now())`,
  sql`disabled_for = coalesce(t.disabled_for, 'its owner disabled it')`,
]
