import { type SQL, sql } from 'drizzle-orm'

/** `w` is the regulator's row of dose_windows. A window that has ended counts as empty. */
export function showRegulator(row: 'r' | 'changed'): SQL {
  const r = sql.raw(row)
  return sql`(
    select jsonb_build_object(
      'id', ${r}.id,
      'zoneId', ${r}.zone_id,
      'metric', (select m.name from fleet.metrics m where m.id = ${r}.metric_id),
      'direction', ${r}.direction,
      'nodeType', ${r}.node_type,
      'channel', ${r}.channel,
      'dose', ${r}.dose,
      'unit', ${r}.unit,
      'pulseMs', ${r}.pulse_ms,
      'maxRunMs', ${r}.max_run_ms,
      'cooldownSeconds', ${r}.cooldown_seconds,
      'budgetHour', ${r}.budget_hour,
      'budgetDay', ${r}.budget_day,
      'enabled', ${r}.enabled,
      'epoch', ${r}.epoch,
      'outcome', w.outcome,
      'decidedAt', core.iso(w.decided_at),
      'dosedAt', core.iso(w.dosed_at),
      'hour', jsonb_build_object(
        'startsAt', core.iso(due.hour_at), 'used', due.hour_used, 'left', greatest(${r}.budget_hour - due.hour_used, 0)
      ),
      'day', jsonb_build_object(
        'startsAt', core.iso(due.day_at), 'used', due.day_used, 'left', greatest(${r}.budget_day - due.day_used, 0)
      ),
      'version', ${r}.version,
      'createdAt', core.iso(${r}.created_at)
    )
    from fleet.zones z
    join fleet.greenhouses g on g.id = z.greenhouse_id
    left join fleet.dose_windows w on w.regulator_id = ${r}.id
    cross join lateral (
      select
        started.hour_at, started.day_at,
        case when w.hour_at = started.hour_at then w.hour_used else 0 end as hour_used,
        case when w.day_at = started.day_at then w.day_used else 0 end as day_used
      from (
        select date_trunc('hour', now(), g.timezone) as hour_at, date_trunc('day', now(), g.timezone) as day_at
      ) started
    ) due
    where z.id = ${r}.zone_id
  )`
}
