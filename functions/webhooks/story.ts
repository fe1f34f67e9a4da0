import { sql } from 'drizzle-orm'
import type { Story } from '../core/story.ts'

const most = 500

export const webhooksStory: Story = {
  about: ({ kind, id }) => sql`
with sent as materialized (
  select d.*
  from webhooks.webhook_deliveries d
  where d.subject = ${`${kind}:${id}`}
  order by d.id desc
  limit ${most}
)
select d.created_at as at, 'outbox' as lane, d.type, 'queued for webhook ' || d.webhook_id as text,
  jsonb_build_object('webhook', d.webhook_id, 'delivery', d.id, 'event', d.event_id) as refs, null::bigint as xid
from sent d
union all
select a.started_at, 'attempt', d.type, concat_ws(' ', 'attempt ' || a.number || ':', a.outcome, a.status, a.took_ms || ' ms'),
  jsonb_build_object('webhook', d.webhook_id, 'delivery', d.id, 'event', d.event_id), null
from sent d
join webhooks.webhook_attempts a on a.delivery_id = d.id
union all
select d.finished_at, 'delivery', d.type, concat_ws(': ', d.state, d.reason),
  jsonb_build_object('webhook', d.webhook_id, 'delivery', d.id, 'event', d.event_id), null
from sent d
where d.finished_at is not null`,
}
