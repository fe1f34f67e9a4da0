import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { missingItems, waitingItems } from '../core/ingest-accounting.ts'
import type { Watch } from '../core/watch.ts'
import { readGauges } from './cycles/read-gauges.ts'
import { everyTenant } from './greenhouses/scope.ts'
import { readDepth } from './telemetry/read-depth.ts'

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
      name: 'queue_full',
      severity: 'warning',
      unit: '% of the messages that may wait',
      raise: 90,
      clear: 70,
      critical: 95,
      pendingFor: 0,
      clearFor: 0,
      // A queue that does not say its depth is not listed, so an alert about it is unknown.
      read: async (ctx) => {
        const depth = await readDepth(ctx)
        return depth === null
          ? []
          : [{ labels: { queue: stream }, value: (100 * depth) / ctx.env.TELEMETRY_BACKLOG }]
      },
      advice:
        'Samples arrive faster than they are stored, so some are thinned. GET /v1/fleet/telemetry/accounting counts them; see what the consumer waits for.',
    },
    {
      name: 'cycle_failures',
      severity: 'warning',
      unit: '% of the zones of a minute',
      raise: 10,
      clear: 5,
      // An alert is critical beyond this limit, and 30 % are to be critical.
      critical: 29.999,
      pendingFor: 0,
      clearFor: 0,
      absent: 'clear',
      value: (ctx) => sql`
select jsonb_build_object('shard', c.shard) as labels, 100 * sum(c.failed) / greatest(sum(c.zones), 1)::float8 as value
from (${newestCycles(ctx)}) c
group by c.shard`,
      evidence: (ctx) => sql`
select jsonb_build_object('shard', c.shard), jsonb_build_object(
  'slot', core.iso(c.slot), 'zones', c.zones, 'failed', c.failed, 'types', jsonb_path_query_array(c.errors, '$[*].type')
)
from (${newestCycles(ctx)}) c
where c.failed > 0
order by c.slot desc`,
      advice:
        'GET /v1/fleet/cycles names the first ten failed zones of each cycle and the type of their errors.',
    },
    {
      // This row decides its own conditions, and its tenants acknowledge them. The operator receives one alert for each kind,
      // except those of which a rule above has the same value.
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
  and a.kind not in ('telemetry_unaccounted', 'cycle_failures')
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

/** The last minute of cycles of each shard. A shard that runs no more keeps its last value; another condition reports that. */
function newestCycles({ env }: Ctx): SQL {
  return sql`
select c.*
from generate_series(0, ${env.FLEET_SHARDS}::int - 1) s (shard)
cross join lateral (
  select max(slot) as slot
  from fleet.cycles
  where shard = s.shard
    and slot > now() - interval '1 day'
) newest
join fleet.cycles c on c.shard = s.shard
  and c.slot > newest.slot - interval '1 minute'`
}

function lastDay(ctx: Ctx): { from: Date; to: Date } {
  const now = ctx.now().getTime()
  return { from: new Date(now - dayMs), to: new Date(now + dayMs) }
}
