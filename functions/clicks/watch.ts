import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { missingItems, waitingItems } from '../core/ingest-accounting.ts'
import type { Watch } from '../core/watch.ts'
import { measureGivenUp } from './conversions/measure-given-up.ts'

const stream = 'clicks'
const dayMs = 86_400_000

export const clicksWatch: Watch = {
  rules: [
    {
      name: 'clicks_missing',
      severity: 'critical',
      unit: 'clicks in a day',
      raise: 0,
      clear: 0,
      pendingFor: 0,
      clearFor: 0,
      value: (ctx) => sql`
select '{}'::jsonb as labels, items as value from (${missingItems(stream, lastDay(ctx))}) missing`,
      advice:
        'Answered clicks did not arrive. GET /v1/clicks/accounting names the isolate and the time of each gap.',
    },
    {
      name: 'clicks_backlog',
      severity: 'warning',
      unit: 'seconds',
      raise: 60,
      clear: 10,
      pendingFor: 60,
      clearFor: 60,
      value: (ctx) => sql`
select '{}'::jsonb as labels, coalesce(oldest_seconds, 0) as value
from (${waitingItems(stream, lastDay(ctx))}) waiting`,
      advice:
        'Answered clicks wait for the consumer of the queue. See the lists of queues and dead messages.',
    },
    {
      name: 'postbacks_parked',
      severity: 'warning',
      unit: 'hours',
      raise: 24,
      clear: 24,
      pendingFor: 0,
      clearFor: 0,
      absent: 'clear',
      value: () => sql`
select jsonb_build_object('source', o.traffic_source_id) as labels,
  (extract(epoch from now() - min(o.received_at)) / 3600)::float8 as value
from clicks.orphan_postbacks o
where o.state = 'open'
  and o.received_at < now() - interval '1 hour'
group by o.traffic_source_id`,
      evidence: () => sql`
select jsonb_build_object('source', o.traffic_source_id), jsonb_build_object(
  'orphan', o.id, 'type', o.type, 'receivedAt', core.iso(o.received_at)
)
from clicks.orphan_postbacks o
where o.state = 'open'
  and o.received_at < now() - interval '1 day'
order by o.received_at`,
      advice:
        'Postbacks wait for clicks that do not come. GET /v1/clicks/orphans lists them; after seven days they expire.',
    },
    {
      name: 'postbacks_expired',
      severity: 'warning',
      unit: '% of a day',
      raise: 5,
      clear: 2,
      pendingFor: 0,
      clearFor: 0,
      absent: 'clear',
      value: measureGivenUp,
      advice: 'The server of the source refuses its postbacks. Check the template of the source.',
    },
  ],
  queues: [
    { kind: 'queue', queues: (ctx) => waitingItems(stream, lastDay(ctx)) },
    {
      kind: 'parked',
      queues: () => sql`
select 'orphan postbacks' as name, count(*) as depth, extract(epoch from now() - min(received_at))::float8 as oldest_seconds,
  null::float8 as per_minute
from clicks.orphan_postbacks
where state = 'open'`,
    },
    {
      kind: 'deliveries',
      queues: () => sql`
select 'postbacks to sources' as name, count(*) as depth, extract(epoch from now() - min(created_at))::float8 as oldest_seconds,
  null::float8 as per_minute
from clicks.postbacks_out
where state = 'waiting'`,
    },
    {
      kind: 'unfolded',
      queues: () => sql`
select 'campaign dimensions' as name, count(*) as depth, extract(epoch from now() - min(since))::float8 as oldest_seconds,
  null::float8 as per_minute
from clicks.unfolded`,
    },
  ],
}

function lastDay(ctx: Ctx): { from: Date; to: Date } {
  const now = ctx.now().getTime()
  return { from: new Date(now - dayMs), to: new Date(now + dayMs) }
}
