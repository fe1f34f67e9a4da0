import { type SQL, sql } from 'drizzle-orm'

/**
 * The newest value of each series of the nodes that are in the zone. A value that a node measured before it came to the
 * zone belongs to another one. A metric that is sent on change is stale when its node is silent, and any other one when
 * its value is old.
 */
export function showLatest(zone: 'z'): SQL {
  const z = sql.raw(zone)
  return sql`coalesce((
    select jsonb_agg(jsonb_build_object(
      'metric', metric, 'channel', channel, 'value', value, 'unit', unit, 'ts', core.iso(ts), 'ageSeconds', age,
      'quality', quality, 'nodeUid', uid,
      'stale', case reporting
        when 'on_change' then alive_at < now() - make_interval(secs => stale_after)
        else age > stale_after
      end
    ) order by metric, uid, channel)
    from (
      select m.name as metric, l.channel, l.value, m.unit, l.ts, l.quality, node.uid,
        greatest(0, extract(epoch from now() - l.ts))::int as age, m.stale_after, m.reporting,
        greatest(node.last_seen_at, max(l.received_at) over (partition by l.node_id)) as alive_at
      from fleet.zone_bindings b
      join fleet.nodes node on node.id = b.node_id
      join fleet.telemetry_last l on l.node_id = b.node_id
        and l.ts >= b.from_at
      join fleet.metrics m on m.id = l.metric_id
      where b.zone_id = ${z}.id
        and b.until_at is null
    ) seen
  ), '[]')`
}
