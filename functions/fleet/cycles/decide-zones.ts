import { type SQL, sql } from 'drizzle-orm'

export type Part = {
  shard: number
  shards: number
  slot: Date
  /** The zones of the shard with these ids, both included. */
  from: number
  to: number
}

/** How long a node may take a dose. Later the value may be another one. */
const expirySeconds = 60

/**
 * CTEs that decide about each regulator of these zones and write the consequences. The last ones are `decided`, `commanded`
 * and `noted`, for the counts.
 * Race: somebody doses by hand, or changes a regulator, between the snapshot and the write. A dose is paid under the lock of
 * its row of dose_windows, and only a paid dose becomes a command. A command carries the epochs of the snapshot, so after a
 * change no node gets it.
 */
export function decideZones({ shard, shards, slot, from, to }: Part): SQL {
  const at = sql`${slot.toISOString()}::timestamptz`
  // As a case the planner takes it for half of the zones. For an equation of a remainder it would expect almost none.
  const ofShard = sql`case when z.id % ${shards}::int = ${shard}::int then true else false end`
  return sql`
clocks as materialized (
  select
    g.id, g.timezone, date_trunc('hour', ${at}, g.timezone) as hour_at, date_trunc('day', ${at}, g.timezone) as day_at
  from fleet.greenhouses g
  where g.id in (select z.greenhouse_id from fleet.zones z where z.id between ${from} and ${to})
),
wanted as materialized (
  select r.*, z.mode, z.mode_until, z.epoch as zone_epoch, c.timezone, c.hour_at, c.day_at
  from fleet.regulators r
  join fleet.zones z on z.id = r.zone_id
  join clocks c on c.id = z.greenhouse_id
  where z.id between ${from} and ${to}
    and ${ofShard}
),
readings as materialized (
  select distinct on (w.id)
    w.id as regulator_id, l.node_id, l.value, l.ts, l.quality, m.stale_after,
    case m.reporting when 'on_change' then greatest(l.ts, n.last_seen_at) else l.ts end as fresh_at
  from wanted w
  join fleet.zone_slots s on s.zone_id = w.zone_id
  -- A sample belongs to the zone in which its node was at the time of the sample.
  join fleet.zone_bindings b on b.node_id = s.node_id and b.zone_id = s.zone_id and b.until_at is null
  join fleet.telemetry_last l on l.node_id = s.node_id and l.metric_id = w.metric_id and l.ts >= b.from_at
  join fleet.nodes n on n.id = l.node_id
  join fleet.metrics m on m.id = l.metric_id
  order by w.id, l.ts desc, l.node_id, l.channel
),
aims as materialized (
  select distinct on (w.id)
    w.id as regulator_id, t.id, t.min, t.max, t.hysteresis, t.version
  from wanted w
  join fleet.zone_targets t on t.zone_id = w.zone_id and t.metric_id = w.metric_id
  where t.from_time is null
    or fleet.is_due(${at}, t.from_time, t.until_time, t.clock, w.timezone)
  order by w.id, t.from_time is null, t.id desc
),
waiting as materialized (
  select distinct regulator_id, node_id
  from fleet.commands
  where state in ('QUEUED', 'SENT', 'ACK')
),
known as (
  select
    w.*, l.node_id as sensor_id, l.value, l.ts, l.quality, l.fresh_at, l.stale_after,
    t.id as target_id, t.version as target_version, t.min as low, t.max as high, t.hysteresis,
    d.outcome as was, d.low as was_low, d.high as was_high, d.dosed_at,
    w.budget_hour - case when d.hour_at = w.hour_at then d.hour_used else 0 end as hour_left,
    w.budget_day - case when d.day_at = w.day_at then d.day_used else 0 end as day_left,
    q.regulator_id is not null as waits, s.node_id as actuator_id,
    case
      when n.lifecycle = 'MAINTENANCE' and (n.maintenance_until is null or n.maintenance_until > ${at}) then 'maintenance'
      when n.id is null then 'none'
      else 'ready'
    end as actuator,
    od.dosed_at + make_interval(secs => o.cooldown_seconds) as opposed_until
  from wanted w
  join fleet.dose_windows d on d.regulator_id = w.id
  left join readings l on l.regulator_id = w.id
  left join aims t on t.regulator_id = w.id
  left join fleet.zone_slots s on s.zone_id = w.zone_id and s.node_type = w.node_type
  left join waiting q on q.regulator_id = w.id and q.node_id = s.node_id
  left join fleet.nodes n on n.id = s.node_id
  left join fleet.regulators o
    on o.zone_id = w.zone_id and o.metric_id = w.metric_id and o.direction <> w.direction
  left join fleet.dose_windows od on od.regulator_id = o.id
),
decided as materialized (
  select
    known.*,
    fleet.decide(
      ${at}, enabled, mode, mode_until, direction, low, high, hysteresis, value, fresh_at, stale_after, quality, was,
      waits, actuator, opposed_until, dosed_at, cooldown_seconds, dose, least(hour_left, day_left)
    ) as outcome
  from known
),
paid as (
  update fleet.dose_windows w
  set
    hour_used = case when w.hour_at = d.hour_at then w.hour_used else 0 end + d.dose,
    day_used = case when w.day_at = d.day_at then w.day_used else 0 end + d.dose,
    hour_budget = d.budget_hour,
    day_budget = d.budget_day,
    hour_at = d.hour_at,
    day_at = d.day_at,
    dosed_at = ${at},
    outcome = 'dosed',
    decided_at = ${at},
    low = d.low,
    high = d.high
  from decided d
  where w.regulator_id = d.id
    and d.outcome = 'dosed'
    and case when w.hour_at = d.hour_at then w.hour_used else 0 end + d.dose <= d.budget_hour
    and case when w.day_at = d.day_at then w.day_used else 0 end + d.dose <= d.budget_day
  returning w.regulator_id
),
commanded as (
  insert into fleet.commands (
    tenant_id, node_id, zone_id, regulator_id, slot, zone_epoch, regulator_epoch, kind, channel, amount, unit, run_ms,
    max_run_ms, ordered_by, expires_at
  )
  select
    d.tenant_id, d.actuator_id, d.zone_id, d.id, ${at}, d.zone_epoch, d.epoch, 'dose', d.channel, d.dose, d.unit,
    d.pulse_ms, d.max_run_ms, 'cycle', ${at} + make_interval(secs => ${expirySeconds}::int)
  from paid
  join decided d on d.id = paid.regulator_id
  returning id, regulator_id
),
-- A dose that was not paid lost to another one; the next cycle decides about it.
changed as (
  update fleet.dose_windows w
  set outcome = d.outcome, decided_at = ${at}, low = d.low, high = d.high
  from decided d
  where w.regulator_id = d.id
    and d.outcome <> 'dosed'
    and (d.outcome, d.low, d.high) is distinct from (w.outcome, w.low, w.high)
  returning w.regulator_id
),
noted as (
  insert into fleet.decisions (
    regulator_id, at, tenant_id, zone_id, outcome, command_id, value, measured_at, quality, node_id, target_id,
    target_version, low, high, hysteresis, hour_left, day_left, regulator_version
  )
  select
    d.id, ${at}, d.tenant_id, d.zone_id, d.outcome, c.id, d.value, d.ts, d.quality, d.sensor_id, d.target_id,
    d.target_version, d.low, d.high, d.hysteresis, d.hour_left, d.day_left, d.version
  from (
    select regulator_id, id from commanded
    union all
    select regulator_id, null from changed
  ) c
  join decided d on d.id = c.regulator_id
  returning regulator_id
)`
}
