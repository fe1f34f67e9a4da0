import { sql } from 'drizzle-orm'
import type { Watch } from '../core/watch.ts'

export const webhooksWatch: Watch = {
  rules: [
    {
      name: 'deliveries_dead',
      severity: 'warning',
      unit: 'deliveries in a day',
      raise: 0,
      clear: 0,
      pendingFor: 0,
      clearFor: 0,
      absent: 'clear',
      // Of a webhook's newest thousand.
      value: () => sql`
select jsonb_build_object('webhook', w.id) as labels, dead.deliveries::float8 as value
from webhooks.webhooks w
cross join lateral (
  select count(*) as deliveries
  from (
    select d.finished_at
    from webhooks.webhook_deliveries d
    where d.webhook_id = w.id
      and d.state = 'dead'
    order by d.id desc
    limit 1000
  ) d
  where d.finished_at > now() - interval '1 day'
) dead
where w.removed_at is null
  and dead.deliveries > 0`,
      evidence: () => sql`
select jsonb_build_object('webhook', w.id), jsonb_build_object(
  'delivery', d.id, 'type', d.type, 'reason', d.reason, 'attempts', d.attempts, 'finishedAt', core.iso(d.finished_at)
)
from webhooks.webhooks w
cross join lateral (
  select d.*
  from webhooks.webhook_deliveries d
  where d.webhook_id = w.id
    and d.state = 'dead'
  order by d.id desc
  limit 20
) d
where w.removed_at is null
  and d.finished_at > now() - interval '1 day'`,
      advice:
        'The receiver refused or was out for three days. GET /v1/ops/deliveries?state=dead lists them. Once it is back, its owner or POST /v1/ops/deliveries/replay sends them again.',
    },
  ],
  queues: [
    {
      kind: 'deliveries',
      queues: () => sql`
select 'webhook:' || w.id as name, waiting.deliveries as depth, waiting.oldest_seconds, sent.per_minute
from webhooks.webhooks w
cross join lateral (
  select count(*) as deliveries, extract(epoch from now() - min(d.created_at))::float8 as oldest_seconds
  from webhooks.webhook_deliveries d
  where d.webhook_id = w.id
    and d.state = 'waiting'
) waiting
cross join lateral (
  select (count(*) filter (where d.finished_at > now() - interval '10 minutes') / 10.0)::float8 as per_minute
  from (
    select d.finished_at
    from webhooks.webhook_deliveries d
    where d.webhook_id = w.id
      and d.state = 'delivered'
    order by d.id desc
    limit 1000
  ) d
) sent
where w.removed_at is null
order by w.id`,
    },
  ],
}
