import { sql } from 'drizzle-orm'
import type { Story } from '../core/story.ts'

const most = 500

export const opsStory: Story = {
  kinds: {
    request: {
      roles: [],
      id: /^[\w.:-]{1,128}$/,
      entries: (_ctx, id) => sql`
select k.created_at as at, 'request' as lane, k.route as type, 'by ' || k.principal as text,
  jsonb_strip_nulls(jsonb_build_object('request', k.request_id, 'xid', k.xid::text)) as refs,
  k.xid::text::bigint & 4294967295 as xid
from core.idempotency_keys k
where k.request_id = ${id}`,
    },
  },
  about: ({ kind, id }) => sql`
(
  select o.at, 'request' as lane, o.action as type, concat_ws(': ', 'by ' || o.by, o.reason) as text,
    jsonb_build_object('action', o.id) as refs, null::bigint as xid
  from core.operator_actions o
  where o.subject = ${`${kind}:${id}`}
  order by o.id desc
  limit ${most}
)
union all
(
  select step.at, 'alert', 'alert.' || step.type, a.rule, jsonb_build_object('alert', a.id, 'labels', a.labels), null
  from (
    select *
    from core.alerts a
    where a.labels ->> ${kind}::text = ${id}
      and a.fired_at is not null
    order by a.id desc
    limit ${most}
  ) a
  cross join lateral (
    values (a.fired_at, 'fired'), (a.acked_at, 'acknowledged'), (a.ended_at, 'resolved')
  ) step (at, type)
  where step.at is not null
)`,
  written: ({ xid, low }) => sql`
select e.created_at as at, 'outbox' as lane, e.type, e.subject as text,
  jsonb_build_object('event', 'evt_outbox_' || e.seq, 'subject', e.subject) as refs, e.xmin::text::bigint as xid
from core.outbox e
where e.xid between ${xid} and ((${xid})::text::bigint + 10000)::text::xid8
  and e.xmin::text::bigint = ${low}
union all
select r.started_at, 'job', r.job, r.outcome || ', ' || r.trigger, jsonb_build_object('run', r.id), null
from core.job_runs r
where (r.xid::text::bigint & 4294967295) = ${low}`,
}
