import { type SQL, sql } from 'drizzle-orm'
import { feedDepth } from '../../core/feed-depth.ts'
import { outboxOutgoing } from '../../core/outbox.ts'
import type { Rule, WatchedQueues } from '../../core/watch.ts'

const readers = (): SQL => feedDepth(outboxOutgoing.feed)

export const outboxRules: readonly Rule[] = [
  {
    name: 'outbox_lag',
    severity: 'warning',
    unit: 'seconds',
    raise: 60,
    clear: 10,
    critical: 600,
    pendingFor: 0,
    clearFor: 0,
    absent: 'clear',
    value: () => sql`
select jsonb_build_object('reader', name) as labels, coalesce(oldest_seconds, 0) as value
from (${readers()}) readers`,
    evidence: () => sql`
select jsonb_build_object('reader', name), jsonb_build_object('depth', depth, 'oldestSeconds', oldest_seconds)
from (${readers()}) readers`,
    advice:
      'A reader of events stands still: see its job in GET /v1/ops/jobs, and an open writer in GET /v1/ops/locks.',
  },
]

export const outboxQueues: WatchedQueues = { kind: 'feed', queues: readers }
