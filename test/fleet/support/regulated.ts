import type pg from 'pg'
import type { Aim, DecisionOutcome, Hours } from '../../../functions/fleet/decide.ts'

type Client = pg.ClientBase | pg.Pool

/** A zone with a sensor, a pump and one regulator, so that by default the next cycle doses. */
export type Given = {
  tenant?: number
  timezone?: string
  mode?: 'auto' | 'manual' | 'maintenance'
  modeUntil?: Date | null
  enabled?: boolean
  direction?: 'raise' | 'lower'
  reporting?: 'periodic' | 'on_change'
  aims?: (Aim & Partial<Hours>)[]
  /** Null: the sensor has not sent a value. */
  value?: number | null
  measuredAt?: Date
  seenAt?: Date | null
  quality?: 'good' | 'suspect' | 'stuck'
  pump?: 'ready' | 'maintenance' | 'none'
  was?: DecisionOutcome | null
  dosedAt?: Date | null
  /** The opposite regulator dosed at this time; undefined: there is none. */
  opposedAt?: Date
  waits?: boolean
  dose?: number
  cooldownSeconds?: number
  budgetHour?: number
  budgetDay?: number
  usedHour?: number
  usedDay?: number
  /** In whose hour and day the amounts were used. */
  usedAt?: Date
}

export type Regulated = { zone: number; regulator: number; sensor: number; pump: number; pumpUid: string }

let made = 0

export async function givenRegulated(client: Client, given: Given = {}): Promise<Regulated> {
  const {
    tenant = 1,
    timezone = 'UTC',
    mode = 'auto',
    modeUntil = null,
    enabled = true,
    direction = 'raise',
    reporting = 'periodic',
    aims = [{ min: 5.5, max: 6.5, hysteresis: 0.2 }],
    value = direction === 'raise' ? 5 : 7,
    measuredAt = new Date(),
    seenAt = null,
    quality = 'good',
    pump = 'ready',
    was = null,
    dosedAt = null,
    opposedAt,
    waits = false,
    dose = 2,
    cooldownSeconds = 60,
    budgetHour = 100,
    budgetDay = 1_000,
    usedHour = 0,
    usedDay = 0,
    usedAt = new Date(),
  } = given
  const unique = `${process.pid}-${++made}`
  const { rows } = await client.query(
    `with metric as (
      insert into fleet.metrics (name, unit, reporting, stale_after)
      values (case $1 when 'on_change' then 'door' else 'ph' end, 'pH', $1, 600)
      on conflict (name) do update set name = excluded.name
      returning id
    ),
    greenhouse as (
      insert into fleet.greenhouses (tenant_id, name, timezone) values ($2, 'North', $3) returning *
    ),
    zone as (
      insert into fleet.zones (tenant_id, greenhouse_id, name, mode, mode_until)
      select tenant_id, id, 'Z', $4, $5::timestamptz from greenhouse returning *
    ),
    device as (
      insert into fleet.nodes (tenant_id, greenhouse_id, hardware_id, uid, type, lifecycle, last_seen_at)
      select $2, greenhouse.id, $6 || type, $6 || type, type,
        case when type = 'pump' and $7 = 'maintenance' then 'MAINTENANCE' else 'ACTIVE' end, $8::timestamptz
      from greenhouse, (values ('ph'), ('pump')) node (type) returning *
    ),
    slot as (
      insert into fleet.zone_slots (tenant_id, zone_id, node_type, node_id)
      select $2, zone.id, device.type, device.id from zone, device where $7 <> 'none' or device.type = 'ph'
    ),
    bound as (
      insert into fleet.zone_bindings (tenant_id, zone_id, node_id, from_at)
      select $2, zone.id, device.id, '2020-01-01' from zone, device
    ),
    last as (
      insert into fleet.telemetry_last (node_id, metric_id, channel, ts, value, raw, quality, same_since, received_at)
      select device.id, metric.id, '', $9::timestamptz, $10, $10, $11, $9::timestamptz, $9::timestamptz
      from device, metric where device.type = 'ph' and $10::float8 is not null
    ),
    aim as (
      insert into fleet.zone_targets (tenant_id, zone_id, metric_id, min, max, hysteresis, from_time, until_time, clock)
      select $2, zone.id, metric.id, a.min, a.max, a.hysteresis, time '00:00' + make_interval(secs => a.from),
        time '00:00' + make_interval(secs => a.until), coalesce(a.clock, 'local')
      from zone, metric, jsonb_to_recordset($12::jsonb)
        a (min float8, max float8, hysteresis float8, "from" float8, until float8, clock text)
    ),
    regulator as (
      insert into fleet.regulators (tenant_id, zone_id, metric_id, direction, node_type, dose, pulse_ms, max_run_ms,
        cooldown_seconds, budget_hour, budget_day, enabled)
      select $2, zone.id, metric.id, r.direction, 'pump', $13, 500, 2000, $14, $15, $16, case r.direction when $17 then $18 else true end
      from zone, metric, (values ('raise'), ('lower')) r (direction)
      where r.direction = $17 or $19
      returning *
    ),
    dosed as (
      insert into fleet.dose_windows (regulator_id, tenant_id, hour_at, hour_used, hour_budget, day_at, day_used, day_budget,
        outcome, dosed_at)
      select r.id, $2, date_trunc('hour', $26::timestamptz, $3), case r.direction when $17 then $20::numeric else 0 end, 1000000,
        date_trunc('day', $26::timestamptz, $3), case r.direction when $17 then $21::numeric else 0 end, 1000000,
        case r.direction when $17 then $22 end, case r.direction when $17 then $23::timestamptz else $24::timestamptz end
      from regulator r
    ),
    command as (
      insert into fleet.commands (tenant_id, node_id, zone_id, regulator_id, zone_epoch, regulator_epoch, kind, amount, run_ms,
        max_run_ms, ordered_by, expires_at)
      select $2, device.id, zone.id, r.id, 1, 1, 'dose', $13, 500, 2000, 'test', now() + interval '1 hour'
      from device, zone, regulator r
      where device.type = 'pump' and r.direction = $17 and $25
    )
    select zone.id as zone, regulator.id as regulator, sensor.id as sensor, pump.id as pump, pump.uid as "pumpUid"
    from zone, regulator, device sensor, device pump
    where regulator.direction = $17 and sensor.type = 'ph' and pump.type = 'pump'`,
    [
      reporting,
      tenant,
      timezone,
      mode,
      modeUntil,
      unique,
      pump,
      seenAt,
      measuredAt,
      value,
      quality,
      JSON.stringify(aims),
      dose,
      cooldownSeconds,
      budgetHour,
      budgetDay,
      direction,
      enabled,
      opposedAt !== undefined,
      usedHour,
      usedDay,
      was,
      dosedAt,
      opposedAt ?? null,
      waits,
      usedAt,
    ],
  )
  const { pumpUid, ...ids } = rows[0]
  const { zone, regulator, sensor, pump: pumpId } = ids
  return { zone: +zone, regulator: +regulator, sensor: +sensor, pump: +pumpId, pumpUid }
}
