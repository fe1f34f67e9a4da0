import { sql } from 'drizzle-orm'
import type { Story } from '../core/story.ts'
import { visibleTo } from './campaigns/visible.ts'

const conversionSteps = sql`
select e.received_at as at, 'event' as lane, 'conversion.' || e.result as type,
  concat_ws(' ', e.from_status, '→', e.to_status) as text,
  jsonb_strip_nulls(jsonb_build_object(
    'click', v.click_id, 'conversion', v.id, 'source', e.traffic_source_id
  )) as refs,
  e.xmin::text::bigint as xid
from clicks.conversions v
join clicks.conversion_events e on e.conversion_id = v.id
join clicks.campaigns c on c.id = v.campaign_id`

const postbackSteps = sql`
select p.created_at as at, 'outbox' as lane, 'postback.queued' as type, 'for ' || p.conversion_status as text,
  jsonb_build_object('conversion', p.conversion_id, 'postback', p.id, 'source', p.traffic_source_id) as refs,
  p.xmin::text::bigint as xid
from clicks.postbacks_out p
join clicks.conversions v on v.id = p.conversion_id
join clicks.campaigns c on c.id = v.campaign_id`

const postbackEnds = sql`
select p.finished_at as at, 'delivery' as lane, 'postback.' || p.state as type,
  concat_ws(' ', p.tries || ' tries', p.outcome, p.http_status) as text,
  jsonb_build_object('conversion', p.conversion_id, 'postback', p.id, 'source', p.traffic_source_id) as refs,
  null::bigint as xid
from clicks.postbacks_out p
join clicks.conversions v on v.id = p.conversion_id
join clicks.campaigns c on c.id = v.campaign_id`

export const clicksStory: Story = {
  kinds: {
    click: {
      roles: ['partner'],
      id: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
      entries: (ctx, id) => sql`
select k.created_at as at, 'request' as lane, 'click.' || k.kind as type, 'campaign ' || c.id || ', ' || k.validity as text,
  jsonb_build_object('click', k.id, 'campaign', c.id, 'version', k.config_version) as refs, k.xmin::text::bigint as xid
from clicks.clicks k
join clicks.campaigns c on c.id = k.campaign_id
where k.id = ${id}::uuid
  and ${visibleTo(ctx, 'c')}
union all
select e.created_at, 'event', 'click.' || e.event_type, null, jsonb_build_object('click', e.click_id, 'event', e.id),
  e.xmin::text::bigint
from clicks.events e
join clicks.clicks k on k.id = e.click_id
join clicks.campaigns c on c.id = k.campaign_id
where e.click_id = ${id}::uuid
  and ${visibleTo(ctx, 'c')}
union all ${conversionSteps}
where v.click_id = ${id}::uuid
  and ${visibleTo(ctx, 'c')}
union all ${postbackSteps}
where v.click_id = ${id}::uuid
  and ${visibleTo(ctx, 'c')}
union all ${postbackEnds}
where v.click_id = ${id}::uuid
  and p.finished_at is not null
  and ${visibleTo(ctx, 'c')}`,
    },
    conversion: {
      roles: ['partner'],
      id: /^[1-9]\d{0,15}$/,
      entries: (ctx, id) => sql`
${conversionSteps}
where v.id = ${id}::bigint
  and ${visibleTo(ctx, 'c')}
union all ${postbackSteps}
where v.id = ${id}::bigint
  and ${visibleTo(ctx, 'c')}
union all ${postbackEnds}
where v.id = ${id}::bigint
  and p.finished_at is not null
  and ${visibleTo(ctx, 'c')}`,
    },
  },
}
