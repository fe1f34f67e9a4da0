import { sql } from 'drizzle-orm'
import type { Rule, WatchedQueues } from '../../core/watch.ts'

export const deadRules: readonly Rule[] = [
  {
    name: 'dead_messages',
    severity: 'warning',
    unit: 'messages',
    raise: 0,
    clear: 0,
    pendingFor: 0,
    clearFor: 0,
    absent: 'clear',
    value: () => sql`
select jsonb_build_object('stream', d.stream) as labels, count(*)::float8 as value
from core.dead_messages d
where d.replayed_at is null
group by d.stream`,
    evidence: () => sql`
select jsonb_build_object('stream', d.stream), jsonb_build_object(
  'id', d.id, 'reason', left(d.reason, 100), 'attempts', d.attempts, 'items', d.items, 'createdAt', core.iso(d.created_at)
)
from core.dead_messages d
where d.replayed_at is null
order by d.id desc`,
    advice:
      'GET /v1/ops/dead has the reason of each. POST /v1/ops/dead/replay stores them once the reason is gone.',
  },
]

export const deadQueues: WatchedQueues = {
  kind: 'parked',
  queues: () => sql`
select 'dead:' || d.stream as name, count(*) as depth, extract(epoch from now() - min(d.created_at))::float8 as oldest_seconds,
  null::float8 as per_minute
from core.dead_messages d
where d.replayed_at is null
group by d.stream`,
}
