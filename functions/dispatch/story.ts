import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import type { Story } from '../core/story.ts'

const entry = sql`
select e.created_at as at, 'event' as lane, 'order.' || e.type as type,
  concat_ws(' ', e.actor_role || coalesce(' ' || e.actor_id, '') || ':', e.from_status, '→', e.to_status) as text,
  jsonb_strip_nulls(jsonb_build_object(
    'order', e.order_id, 'event', 'evt_dispatch_' || e.id, 'courier', e.courier_id, 'fence', e.fence
  )) as refs,
  e.xmin::text::bigint as xid
from dispatch.order_events e`

export const dispatchStory: Story = {
  kinds: {
    order: {
      roles: ['store'],
      id: /^[1-9]\d{0,15}$/,
      entries: (ctx, id) => sql`${entry}
join dispatch.orders o on o.id = e.order_id
where e.order_id = ${id}::bigint
  and ${ownOrder(ctx)}
order by e.id
limit 1000`,
    },
  },
  // The position of an event is at least the id of its transaction, and rarely much more.
  written: ({ xid, low }) => sql`${entry}
where e.xid between ${xid} and ((${xid})::text::bigint + 10000)::text::xid8
  and e.xmin::text::bigint = ${low}`,
}

function ownOrder({ principal }: Ctx): SQL {
  if (principal?.role === 'admin') return sql`true`
  return principal?.role === 'store' ? sql`o.store_id = ${principal.id}` : sql`false`
}
