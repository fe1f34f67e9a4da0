import { type SQL, sql } from 'drizzle-orm'
import { type alertKinds, offersOfAVersion } from '../../../schema/fleet/states.ts'
import { missingItems } from '../../core/ingest-accounting.ts'
import { isOffered } from '../configs/show.ts'

/**
 * A value at `raise` opens an alert, and one at `clear` or below ends it. A value at `critical` makes it critical.
 * `values` selects (tenant_id, subject, labels, value).
 */
export type Condition = {
  kind: (typeof alertKinds)[number]
  pendingSeconds: number
  raise: number
  clear: number
  critical?: number
  /** Things that are no longer selected are fine. Without it, `values` also selects things that are fine. */
  absent?: 'clear'
  values: SQL
}

/** Seconds for which a node in contact may run another configuration than it should. */
const longestDriftSeconds = 900

export function conditionsAt(now: Date, shards: number): Condition[] {
  return [...ofZones, ...ofNodes, ...ofSensors, ...ofCycles(shards), ...ofSamples(now)]
}

const ofZones: Condition[] = [
  {
    // Since when the value is outside its range; it ends inside by the hysteresis, as for the regulator.
    kind: 'target',
    pendingSeconds: 1_800,
    raise: 1,
    clear: 0,
    values: ofRegulators(sql`fleet.was_acting(w.outcome)::int`),
  },
  {
    kind: 'budget',
    pendingSeconds: 0,
    raise: 1,
    clear: 0,
    values: ofRegulators(sql`(w.outcome = 'budget_exhausted')::int`),
  },
  {
    // No node of the zone has ever measured it. A value that is stale has a sensor or a node that is silent.
    kind: 'metric_silent',
    pendingSeconds: 0,
    raise: 1,
    clear: 0,
    values: ofRegulators(sql`(w.outcome = 'no_value')::int`),
  },
]

function ofRegulators(value: SQL): SQL {
  return sql`
select r.tenant_id, 'regulator:' || r.id,
  jsonb_build_object('greenhouse', z.greenhouse_id, 'zone', z.id, 'metric', m.name, 'direction', r.direction), ${value}
from fleet.regulators r
join fleet.zones z on z.id = r.zone_id
join fleet.metrics m on m.id = r.metric_id
join fleet.dose_windows w on w.regulator_id = r.id
where w.outcome is not null`
}

const ofNodes: Condition[] = [
  {
    kind: 'node_silent',
    pendingSeconds: 0,
    raise: 1,
    clear: 0,
    values: sql`
select n.tenant_id, 'node:' || n.uid, ${labelsOfNode()}, (n.lifecycle = 'DEGRADED')::int
from fleet.nodes n
left join fleet.zone_slots s on s.node_id = n.id`,
  },
  {
    // Samples whose time was refused within ten minutes.
    kind: 'clock_skew',
    pendingSeconds: 0,
    raise: 1,
    clear: 0,
    absent: 'clear',
    values: sql`
select n.tenant_id, 'node:' || n.uid, ${labelsOfNode()}, r.refused
from (
  select r.tenant_id, r.node_uid, count(*) as refused
  from fleet.telemetry_rejects r
  where r.id >= core.first_id(now() - interval '10 minutes')
    and r.reason in ('clock_unset', 'in_future')
  group by r.tenant_id, r.node_uid
) r
join fleet.nodes n on (n.tenant_id, n.uid) = (r.tenant_id, r.node_uid)
left join fleet.zone_slots s on s.node_id = n.id`,
  },
  {
    // A silent node and one that rejects the configuration have alerts of their own.
    kind: 'drift',
    pendingSeconds: 0,
    raise: longestDriftSeconds,
    clear: 0,
    absent: 'clear',
    values: sql`
select n.tenant_id, 'node:' || n.uid, ${labelsOfNode(sql`, 'version', c.desired_version`)},
  extract(epoch from now() - c.drifted_at)
from fleet.node_configs c
join fleet.nodes n on n.id = c.node_id
left join fleet.zone_slots s on s.node_id = n.id
where c.drifted_at is not null
  and ${isOffered('c')}
  and n.lifecycle = 'ACTIVE'`,
  },
  {
    kind: 'config_rejected',
    pendingSeconds: 0,
    raise: offersOfAVersion,
    clear: 0,
    absent: 'clear',
    values: sql`
select n.tenant_id, 'node:' || n.uid, ${labelsOfNode(sql`, 'version', c.desired_version, 'reason', c.reason`)}, c.rejections
from fleet.node_configs c
join fleet.nodes n on n.id = c.node_id
left join fleet.zone_slots s on s.node_id = n.id
where c.rejections >= ${offersOfAVersion}
  and n.lifecycle <> 'DECOMMISSIONED'`,
  },
]

const ofSensors: Condition[] = [
  {
    // The node was in contact after the value was due, so its own silence is not the cause.
    kind: 'metric_silent',
    pendingSeconds: 0,
    raise: 1,
    clear: 0,
    absent: 'clear',
    values: sql`
${ofSeries(sql`extract(epoch from now() - l.ts)`)}
where m.reporting = 'periodic'
  and least(now(), n.last_seen_at) > l.ts + make_interval(secs => m.stale_after)
  and n.lifecycle = 'ACTIVE'`,
  },
  {
    // Seconds without a change.
    kind: 'stuck',
    pendingSeconds: 0,
    raise: 1,
    clear: 0,
    absent: 'clear',
    values: sql`
${ofSeries(sql`greatest(1, extract(epoch from l.ts - l.same_since))`)}
where l.quality = 'stuck'
  and n.lifecycle <> 'DECOMMISSIONED'`,
  },
]

function ofSeries(value: SQL): SQL {
  return sql`
select n.tenant_id, 'sensor:' || concat_ws('/', n.uid, m.name, nullif(l.channel, '')),
  ${labelsOfNode(sql`, 'metric', m.name, 'channel', nullif(l.channel, '')`)}, ${value}
from fleet.telemetry_last l
join fleet.metrics m on m.id = l.metric_id
join fleet.nodes n on n.id = l.node_id
left join fleet.zone_slots s on s.node_id = n.id`
}

/** Over `n`, the node, and `s`, its slot. */
function labelsOfNode(more: SQL = sql``): SQL {
  return sql`jsonb_strip_nulls(jsonb_build_object(
    'greenhouse', n.greenhouse_id, 'zone', s.zone_id, 'node', n.uid${more}
  ))`
}

/** Alerts of shards that no longer exist end; a shard without a cycle in this time has no value. */
function ofCycles(shards: number): Condition[] {
  const ofShards = (within: string, value: SQL) => sql`
select null::bigint, 'shard:' || s.shard, jsonb_build_object('shard', s.shard), ${value}
from generate_series(0, ${shards}::int - 1) s (shard)
left join fleet.cycles c on c.shard = s.shard and c.slot > now() - ${within}::interval
group by s.shard`
  return [
    {
      // The share of zones that failed in the last minute, above a tenth.
      kind: 'cycle_failures',
      pendingSeconds: 0,
      raise: 0.1 + Number.EPSILON,
      clear: 0.05,
      critical: 0.3,
      absent: 'clear',
      values: ofShards('1 minute', sql`sum(c.failed) / greatest(sum(c.zones), 1)::float8`),
    },
    {
      // Seconds since the last cycle of a shard that ran within the day.
      kind: 'cycle_missed',
      pendingSeconds: 0,
      raise: 60,
      clear: 30,
      absent: 'clear',
      values: ofShards('1 day', sql`extract(epoch from now() - max(c.slot))::float8`),
    },
  ]
}

const stream = 'telemetry'
const dayMs = 86_400_000

function ofSamples(now: Date): Condition[] {
  const day = { from: new Date(now.getTime() - dayMs), to: new Date(now.getTime() + dayMs) }
  const about = sql`'stream:' || ${stream}::text, jsonb_build_object('stream', ${stream}::text)`
  return [
    {
      // Samples of a day in messages that were answered and did not arrive.
      kind: 'telemetry_unaccounted',
      pendingSeconds: 0,
      raise: 1,
      clear: 0,
      critical: 1,
      values: sql`
select null::bigint, ${about}, missing.items
from (${missingItems(stream, day)}) missing`,
    },
    {
      // Samples that were thinned or refused within five minutes.
      kind: 'queue_full',
      pendingSeconds: 0,
      raise: 1,
      clear: 0,
      critical: 1,
      values: sql`
select null::bigint, ${about}, coalesce(sum(t.thinned + t.refused), 0)
from fleet.telemetry_minutes t
where t.minute > now() - interval '5 minutes'`,
    },
  ]
}
