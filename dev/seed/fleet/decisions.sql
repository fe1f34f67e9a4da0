-- The decisions of $1, with the commands of those that dosed, and the budgets of $2 as they are now.
with decided as materialized (
  select d.*, r.node_type, r.channel, r.dose, r.unit, r.pulse_ms, r.max_run_ms, r.version, r.tenant_id, r.metric_id,
    t.id as target_id, t.version as target_version, t.min as low, t.max as high, t.hysteresis,
    sensor.node_id as sensor_id, actuator.node_id as actuator_id, z.epoch as zone_epoch, r.epoch
  from jsonb_to_recordset($1::jsonb) as d (
    regulator bigint, zone bigint, at timestamptz, outcome text, value float8, "measuredAt" timestamptz, quality text,
    "hourLeft" numeric, "dayLeft" numeric, command text
  )
  join fleet.regulators r on r.id = d.regulator
  join fleet.zones z on z.id = d.zone
  join fleet.metrics m on m.id = r.metric_id
  join fleet.zone_targets t on t.zone_id = d.zone and t.metric_id = r.metric_id
  left join fleet.zone_slots sensor on sensor.zone_id = d.zone and sensor.node_type = m.name
  left join fleet.zone_slots actuator on actuator.zone_id = d.zone and actuator.node_type = r.node_type
),
commanded as (
  insert into fleet.commands (
    tenant_id, node_id, zone_id, regulator_id, slot, zone_epoch, regulator_epoch, kind, channel, amount, unit, run_ms,
    max_run_ms, state, reason, ordered_by, queued_at, sent_at, acked_at, finished_at, expires_at
  )
  select tenant_id, actuator_id, zone, regulator, at, zone_epoch, epoch, 'dose', channel, dose, unit, pulse_ms, max_run_ms,
    command, case command when 'NO_EFFECT' then 'the tank is empty' when 'TIMEOUT' then 'not_finished' end, 'cycle', at,
    at + interval '2 seconds', at + interval '3 seconds',
    at + case command when 'TIMEOUT' then interval '39 seconds' else interval '6 seconds' end, at + interval '1 minute'
  from decided
  where command is not null
  order by at, regulator
  returning id, regulator_id, slot
),
noted as (
  insert into fleet.decisions (
    regulator_id, at, tenant_id, zone_id, outcome, command_id, value, measured_at, quality, node_id, target_id,
    target_version, low, high, hysteresis, hour_left, day_left, regulator_version
  )
  select d.regulator, d.at, d.tenant_id, d.zone, d.outcome, c.id, d.value, d."measuredAt", d.quality, d.sensor_id,
    d.target_id, d.target_version, d.low, d.high, d.hysteresis, d."hourLeft", d."dayLeft", d.version
  from decided d
  left join commanded c on c.regulator_id = d.regulator and c.slot = d.at
  order by d.regulator, d.at
)
insert into fleet.dose_windows (
  regulator_id, tenant_id, hour_at, hour_used, hour_budget, day_at, day_used, day_budget, dosed_at, outcome, decided_at, low,
  high
)
select r.id, r.tenant_id, w."hourAt", w."hourUsed", r.budget_hour, w."dayAt", w."dayUsed", r.budget_day, w."dosedAt",
  w.outcome, w."decidedAt", t.min, t.max
from jsonb_to_recordset($2::jsonb) as w (
  regulator bigint, "hourAt" timestamptz, "hourUsed" numeric, "dayAt" timestamptz, "dayUsed" numeric, "dosedAt" timestamptz,
  outcome text, "decidedAt" timestamptz
)
join fleet.regulators r on r.id = w.regulator
join fleet.zone_targets t on t.zone_id = r.zone_id and t.metric_id = r.metric_id;
