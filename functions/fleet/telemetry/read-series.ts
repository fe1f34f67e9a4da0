import { type SQL, sql } from 'drizzle-orm'
import type { Resolution } from '../../../schema/fleet/states.ts'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { SeriesPoint } from './contract.ts'

type Asked = {
  zoneId: number
  metric: string
  from: Date
  to: Date
  resolution: Resolution
  /** The key of the last point before: its time, the id of its node, its channel. */
  after: readonly [at: string, nodeId: number, channel: string] | null
  limit: number
}

export type Point = SeriesPoint & { nodeId: number }
type Read = { zone: boolean; metric: boolean; points: Point[] }

/**
 * One metric of a zone in the order of time, with the samples of each node from the time that it was in the zone; null
 * for no such zone or metric. An interval in which a node came or went has the samples of its time in the zone. Samples
 * are kept for 30 days; of an older interval the whole is shown.
 */
export async function readSeries(ctx: Ctx, asked: Asked): Promise<Point[] | 'zone' | 'metric'> {
  const { zoneId, metric, from, to, resolution, after, limit } = asked
  const [at, nodeId, channel] = after ?? [from.toISOString(), 0, '']
  const begin = sql`${at}::timestamptz`
  const end = sql`${to.toISOString()}::timestamptz`
  const [row] = await replicaScope(ctx).query<Read>(named('fleet.read-series')`
with measured as (select id, kind from fleet.metrics where name = ${metric}),
bound as (
  select b.node_id, node.uid, b.from_at, coalesce(b.until_at, 'infinity') as until_at, m.id as metric_id, m.kind,
    g.timezone
  from measured m
  join fleet.zone_bindings b on b.zone_id = ${zoneId}
    and b.from_at < ${end}
    and (b.until_at is null or b.until_at > ${begin})
  join fleet.nodes node on node.id = b.node_id
  join fleet.greenhouses g on g.id = node.greenhouse_id
),
points as (${resolution === 'raw' ? samplesIn(begin, end) : intervalsIn(resolution, { begin, end })}),
shown as (
  select *
  from points
  where (at, node_id, channel) > (${begin}, ${nodeId}::bigint, ${channel}::text)
    and at < ${end}
  order by at, node_id, channel
  limit ${limit}
)
select exists (select from fleet.zones where id = ${zoneId}) as zone, exists (select from measured) as metric,
  coalesce((
    select jsonb_agg(jsonb_build_object(
      'at', core.iso(at), 'nodeUid', uid, 'nodeId', node_id, 'channel', channel, 'n', n, 'min', min, 'mean', sum / n,
      'max', max, 'last', last, 'increase', increase, 'quality', quality
    ) order by at, node_id, channel)
    from shown
  ), '[]') as points`)
  if (row === undefined || !row.zone) return 'zone'
  return row.metric ? row.points : 'metric'
}

function samplesIn(begin: SQL, end: SQL): SQL {
  return sql`
  select s.ts as at, b.uid, b.node_id, s.channel, 1 as n, s.value as min, s.value as sum, s.value as max,
    s.value as last, null::float8 as increase, s.quality
  from bound b
  join fleet.telemetry_samples s on s.node_id = b.node_id
    and s.metric_id = b.metric_id
    and s.ts >= ${begin}
    and s.ts < ${end}
    and s.ts >= b.from_at
    and s.ts < b.until_at`
}

type Interval = {
  table: SQL
  /** The column of the key. */
  key: SQL
  /** The key of the interval that holds a moment. */
  keyOf: (moment: SQL) => SQL
  /** The beginning of an interval, and of the one `later` intervals after it. */
  start: (key: SQL, later: SQL) => SQL
}

const minutes: Interval = {
  table: sql`fleet.telemetry_1m`,
  key: sql`minute`,
  keyOf: (moment) => sql`date_trunc('minute', ${moment}, 'UTC')`,
  start: (key, later) => sql`${key} + ${later} * interval '1 minute'`,
}
const hours: Interval = {
  table: sql`fleet.telemetry_1h`,
  key: sql`hour`,
  keyOf: (moment) => sql`date_trunc('hour', ${moment}, 'UTC')`,
  start: (key, later) => sql`${key} + ${later} * interval '1 hour'`,
}
const days: Interval = {
  table: sql`fleet.telemetry_1d`,
  key: sql`day`,
  keyOf: (moment) => sql`(${moment} at time zone b.timezone)::date`,
  start: (key, later) => sql`(${key} + ${later})::timestamp at time zone b.timezone`,
}

/** Intervals that lie whole in the node's time in the zone, and from the samples those at its ends. */
function intervalsIn(resolution: Exclude<Resolution, 'raw'>, { begin, end }: { begin: SQL; end: SQL }): SQL {
  const { table, key, keyOf, start } = { '1m': minutes, '1h': hours, '1d': days }[resolution]
  const begins = start(sql`t.${key}`, sql`0`)
  const ends = start(sql`t.${key}`, sql`1`)
  return sql`
  select ${begins} as at, b.uid, b.node_id, t.channel, t.n, t.min, t.sum, t.max, t.last,
    case b.kind when 'counter' then t.increase end as increase, null::text as quality
  from bound b
  join ${table} t on t.node_id = b.node_id
    and t.metric_id = b.metric_id
    and t.${key} >= ${keyOf(begin)}
    and t.${key} <= ${keyOf(end)}
    and ${ends} > b.from_at
    and ${begins} < b.until_at
  where ${begins} >= b.from_at and ${ends} <= b.until_at
    or ${begins} < now() - interval '30 days'
  union all
  select e.begins, b.uid, b.node_id, s.channel, count(*), min(s.value), sum(s.value), max(s.value),
    (array_agg(s.value order by s.ts desc))[1], null, null
  from bound b
  cross join lateral (
    select distinct ${start(sql`ends.key`, sql`0`)} as begins, ${start(sql`ends.key`, sql`1`)} as until
    from (
      values (${keyOf(sql`b.from_at`)}), (${keyOf(sql`least(b.until_at, now() + interval '1 day')`)})
    ) as ends (key)
  ) e
  join fleet.telemetry_samples s on s.node_id = b.node_id
    and s.metric_id = b.metric_id
    and s.ts >= greatest(e.begins, b.from_at)
    and s.ts < least(e.until, b.until_at)
  where (e.begins < b.from_at or e.until > b.until_at)
    and e.begins >= now() - interval '30 days'
  group by e.begins, b.uid, b.node_id, s.channel`
}
