import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { ZoneOverview } from './contract.ts'
import { modeOf } from './show.ts'

type Wanted = { greenhouse: number | null; after: number; limit: number }

/**
 * Zones with the newest values of the nodes that are in them, the target of each value at this moment, and what their
 * regulators do. A value from before its node came belongs to another zone.
 */
export async function readOverview(ctx: Ctx, { greenhouse, after, limit }: Wanted): Promise<ZoneOverview[]> {
  const rows = await replicaScope(ctx).query<{ zone: ZoneOverview }>(named('fleet.read-overview')`
with wanted as materialized (
  select z.*, g.name as greenhouse, g.timezone
  from fleet.zones z
  join fleet.greenhouses g on g.id = z.greenhouse_id
  where z.id > ${after}
    and (${greenhouse}::bigint is null or z.greenhouse_id = ${greenhouse})
  order by z.id
  limit ${limit}
),
newest as (
  select z.id as zone_id, z.timezone, l.*, node.uid, node.last_seen_at,
    max(l.received_at) over (partition by l.node_id) as received_last
  from wanted z
  join fleet.zone_bindings b on b.zone_id = z.id and b.until_at is null
  join fleet.nodes node on node.id = b.node_id
  join fleet.telemetry_last l on l.node_id = b.node_id and l.ts >= b.from_at
),
measured as (
  select n.zone_id, jsonb_agg(jsonb_build_object(
    'metric', m.name, 'channel', n.channel, 'value', n.value, 'unit', m.unit, 'ts', core.iso(n.ts),
    'ageSeconds', greatest(0, extract(epoch from now() - n.ts))::int, 'quality', n.quality, 'nodeUid', n.uid,
    'stale', case m.reporting when 'on_change' then greatest(n.last_seen_at, n.received_last) else n.ts end
      < now() - make_interval(secs => m.stale_after),
    'target', case when t.id is not null then jsonb_build_object('min', t.min, 'max', t.max) end
  ) order by m.name, n.uid, n.channel) as values
  from newest n
  join fleet.metrics m on m.id = n.metric_id
  left join lateral (
    select t.id, t.min, t.max
    from fleet.zone_targets t
    where t.zone_id = n.zone_id
      and t.metric_id = n.metric_id
      and (t.from_time is null or fleet.is_due(now(), t.from_time, t.until_time, t.clock, n.timezone))
    order by t.from_time is null, t.id desc
    limit 1
  ) t on true
  group by n.zone_id
),
regulated as (
  select z.id as zone_id, jsonb_agg(jsonb_build_object(
    'id', r.id, 'metric', m.name, 'direction', r.direction, 'outcome', w.outcome, 'decidedAt', core.iso(w.decided_at)
  ) order by r.id) as regulators
  from wanted z
  join fleet.regulators r on r.zone_id = z.id
  join fleet.metrics m on m.id = r.metric_id
  join fleet.dose_windows w on w.regulator_id = r.id
  group by z.id
)
select jsonb_build_object(
  'id', z.id, 'name', z.name, 'greenhouseId', z.greenhouse_id, 'greenhouse', z.greenhouse, 'mode', ${modeOf('z')},
  'values', coalesce(v.values, '[]'), 'regulators', coalesce(r.regulators, '[]')
) as zone
from wanted z
left join measured v on v.zone_id = z.id
left join regulated r on r.zone_id = z.id
order by z.id`)
  return rows.map(({ zone }) => zone)
}
