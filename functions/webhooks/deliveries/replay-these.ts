import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { noteAction } from '../../core/note-action.ts'
import type { ReplayedThese, ReplayThese } from './contract.ts'
import { queuedAnew } from './queued-anew.ts'

/** Queues exactly these dead deliveries of all owners again, with their event ids. */
export function replayThese(ctx: Ctx, { ids }: ReplayThese): Promise<ReplayedThese> {
  // Race: a second operator, or the owner's own replay. The first to lock a delivery queues it; the others see that it waits.
  return effect(
    ctx,
    named('webhooks.replay-these')`
with wanted as (
  select id, nth from unnest(${sql.param(ids)}::bigint[]) with ordinality wanted (id, nth)
),
dead as materialized (
  select d.id
  from webhooks.webhook_deliveries d
  join webhooks.webhooks w on w.id = d.webhook_id and w.removed_at is null
  where d.id in (select id from wanted)
    and d.state = 'dead'
  order by d.id
  for update of d
),
requeued as (
  update webhooks.webhook_deliveries d
  set ${queuedAnew}
  from dead
  where d.id = dead.id
  returning d.id
),
noted as (${noteAction(ctx, {
      action: 'deliveries.replay',
      from: 'requeued',
      subject: sql`'delivery:' || id`,
    })}
)
select ${answer(sql`jsonb_build_object('data', (
  select jsonb_agg(jsonb_build_object('id', wanted.id, 'outcome', case
    when requeued.id is not null then 'requeued'
    when w.id is null then 'not_found'
    else 'not_dead'
  end) order by wanted.nth)
  from wanted
  left join requeued on requeued.id = wanted.id
  left join webhooks.webhook_deliveries d on d.id = wanted.id
  left join webhooks.webhooks w on w.id = d.webhook_id and w.removed_at is null
))`)}`,
  )
}
