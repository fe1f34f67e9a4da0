import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { missingItems, waitingItems } from '../core/ingest-accounting.ts'
import type { Watch } from '../core/watch.ts'
import { readGauges } from './cycles/read-gauges.ts'
import { everyTenant } from './greenhouses/scope.ts'

const stream = 'telemetry'
const dayMs = 86_400_000

export const fleetWatch: Watch = {
  settings: everyTenant,
  gauges: readGauges,
  rules: [
    {
      name: 'telemetry_unaccounted',
      severity: 'critical',
      unit: 'samples in a day',
      raise: 0,
      clear: 0,
      pendingFor: 0,
      clearFor: 0,
      value: (ctx) => sql`
select '{}'::jsonb as labels, items as value from (${missingItems(stream, lastDay(ctx))}) missing`,
      advice:
        'Answered samples did not arrive. GET /v1/fleet/telemetry/accounting names the isolate and time of each gap.',
    },
    {
      // This row decides its own conditions, and its tenants acknowledge them. The operator receives one alert for each kind,
      // except that of the rule above.
      name: 'greenhouse_alerts',
      severity: 'warning',
      unit: 'open alerts',
      raise: 0,
      clear: 0,
      pendingFor: 0,
      clearFor: 0,
      absent: 'clear',
      value: () => sql`
select jsonb_build_object('kind', a.kind) as labels, count(*)::float8 as value
from fleet.alerts a
where a.cleared_at is null
  and a.raised_at is not null
  and a.acked_at is null
  and a.kind <> 'telemetry_unaccounted'
group by a.kind`,
      evidence: () => sql`
select jsonb_build_object('kind', a.kind), jsonb_build_object(
  'alert', a.id, 'severity', a.severity, 'subject', a.subject, 'labels', a.labels, 'since', core.iso(a.since)
)
from fleet.alerts a
where a.cleared_at is null
  and a.raised_at is not null
  and a.acked_at is null
order by a.id desc`,
      advice: 'GET /v1/fleet/alerts?open=true lists them; POST /v1/fleet/alerts/{id}/ack acknowledges one.',
    },
  ],
  queues: [
    { kind: 'queue', queues: (ctx) => waitingItems(stream, lastDay(ctx)) },
    {
      kind: 'queue',
      queues: () => sql`
select 'commands to nodes' as name, count(*) as depth, extract(epoch from now() - min(c.queued_at))::float8 as oldest_seconds,
  null::float8 as per_minute
from fleet.commands c
where c.state in ('QUEUED', 'SENT')`,
    },
  ],
}

function lastDay(ctx: Ctx): { from: Date; to: Date } {
  const now = ctx.now().getTime()
  return { from: new Date(now - dayMs), to: new Date(now + dayMs) }
}
