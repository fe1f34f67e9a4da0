import { sql } from 'drizzle-orm'
import { feedDepth } from '../core/feed-depth.ts'
import type { Watch } from '../core/watch.ts'
import { orderFeed } from './feed.ts'

export const dispatchWatch: Watch = {
  rules: [
    {
      name: 'leases_overdue',
      severity: 'warning',
      unit: 'seconds',
      raise: 180,
      clear: 60,
      pendingFor: 0,
      clearFor: 0,
      value: () => sql`
select '{}'::jsonb as labels, coalesce(extract(epoch from now() - min(o.lease_expires_at)), 0)::float8 as value
from dispatch.orders o
where o.status = 'assigned'
  and o.lease_expires_at < now()`,
      evidence: () => sql`
select '{}'::jsonb, jsonb_build_object('order', o.id, 'courier', o.courier_id, 'leaseExpiredAt', core.iso(o.lease_expires_at))
from dispatch.orders o
where o.status = 'assigned'
  and o.lease_expires_at < now()
order by o.lease_expires_at
limit 20`,
      advice:
        'Orders are not given back after their time to accept: the job dispatch-lease-expiry fails or is paused.',
    },
  ],
  queues: [
    { kind: 'feed', queues: () => feedDepth(orderFeed) },
    {
      kind: 'queue',
      queues: () => sql`
select 'orders without a courier' as name, count(*) as depth,
  extract(epoch from now() - min(o.created_at))::float8 as oldest_seconds, null::float8 as per_minute
from dispatch.orders o
where o.status = 'new'
  and o.courier_id is null`,
    },
  ],
}
