import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { ownerOf } from '../subscriptions/owner.ts'
import type { Replay, Replayed } from './contract.ts'
import { queuedAnew } from './queued-anew.ts'

/** Deliveries that one request may queue again. */
const limit = 1_000

/** Queues ended deliveries again, in their order and with their event ids. */
export function replayDeliveries(
  ctx: Ctx,
  { id, from, to, only }: Replay & { id: number },
): Promise<({ ok: true } & Replayed) | Refused> {
  const ended = sql.param(only === 'dead' ? ['dead'] : ['dead', 'delivered'])
  // Race: a second replay, or a late report that a dead delivery arrived. The first to lock a delivery decides; the other
  // statement reads its new state, and a delivery that waits again or need not be sent is left alone.
  return effect(
    ctx,
    named('webhooks.replay-deliveries')`
with bounds as (
  select w.id as webhook_id, first.id as first_id, last.id as last_id
  from webhooks.webhooks w
  left join webhooks.webhook_deliveries first on first.webhook_id = w.id and first.event_id = ${from}
  left join webhooks.webhook_deliveries last on last.webhook_id = w.id and last.event_id = ${to ?? null}
  where w.id = ${id}
    and w.owner = ${ownerOf(ctx)}
    and w.removed_at is null
),
wanted as materialized (
  select d.id, d.event_id, row_number() over (order by d.id) as nth
  from bounds
  join webhooks.webhook_deliveries d
    on d.webhook_id = bounds.webhook_id
    and d.id >= bounds.first_id
    and (${to === undefined} or d.id <= bounds.last_id)
    and d.state = any (${ended}::text[])
  order by d.id
  limit ${limit + 1}
),
locked as materialized (
  select d.id
  from webhooks.webhook_deliveries d
  where d.id in (select id from wanted where nth <= ${limit})
    and d.state = any (${ended}::text[])
  order by d.id
  for update
),
requeued as (
  update webhooks.webhook_deliveries d
  set ${queuedAnew}
  from locked
  where d.id = locked.id
  returning 1
)
select ${answer(sql`case
  when bounds.webhook_id is null
    then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'This webhook does not exist')
  when bounds.first_id is null or ${to !== undefined} and bounds.last_id is null
    then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'This webhook has no delivery of that event')
  when bounds.last_id < bounds.first_id
    then jsonb_build_object('ok', false, 'reason', 'unprocessable', 'detail', '\`to\` comes before \`from\`')
  else jsonb_build_object(
    'ok', true,
    'requeued', (select count(*) from requeued),
    'next', (select event_id from wanted where nth > ${limit})
  )
end`)}
from (select) as always
left join bounds on true`,
  )
}
