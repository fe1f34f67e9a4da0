import type pg from 'pg'

/** Zones with a sensor, a pump, a target and a regulator each; six of ten are below their range. */
export async function givenZones(owner: pg.Pool, zones: number): Promise<void> {
  const statements = [
    "insert into fleet.metrics (name, unit, stale_after) values ('ph', 'pH', 86400) on conflict do nothing",
    "insert into fleet.greenhouses (tenant_id, name, timezone) select 1 + n % 10, 'North', 'Europe/Vienna' from generate_series(1, 100) n",
    `insert into fleet.zones (tenant_id, greenhouse_id, name)
    select g.tenant_id, g.id, 'Z' || n from generate_series(1, ${zones}) n join fleet.greenhouses g on g.id = 1 + n % 100`,
    `insert into fleet.nodes (tenant_id, greenhouse_id, hardware_id, uid, type, lifecycle)
    select z.tenant_id, z.greenhouse_id, type || z.id, type || z.id, type, 'ACTIVE' from fleet.zones z, (values ('ph'), ('pump')) v (type)`,
    `insert into fleet.zone_slots (tenant_id, zone_id, node_type, node_id)
    select n.tenant_id, substr(n.uid, length(n.type) + 1)::bigint, n.type, n.id from fleet.nodes n`,
    `insert into fleet.zone_bindings (tenant_id, zone_id, node_id, from_at)
    select s.tenant_id, s.zone_id, s.node_id, now() - interval '1 day' from fleet.zone_slots s`,
    `insert into fleet.telemetry_last (node_id, metric_id, channel, ts, value, raw, quality, same_since, received_at)
    select s.node_id, m.id, '', now(), v.value, v.value, 'good', now(), now()
    from fleet.zone_slots s, fleet.metrics m, lateral (select case when s.zone_id % 10 < 6 then 5 else 6 end as value) v
    where s.node_type = 'ph' and m.name = 'ph'`,
    `insert into fleet.zone_targets (tenant_id, zone_id, metric_id, min, max, hysteresis)
    select z.tenant_id, z.id, m.id, 5.5, 6.5, 0.1 from fleet.zones z, fleet.metrics m where m.name = 'ph'`,
    `insert into fleet.regulators (tenant_id, zone_id, metric_id, direction, node_type, dose, pulse_ms, max_run_ms, cooldown_seconds,
      budget_hour, budget_day)
    select z.tenant_id, z.id, m.id, 'raise', 'pump', 2, 500, 2000, 60, 100, 1000 from fleet.zones z, fleet.metrics m where m.name = 'ph'`,
    "select core.make_partitions('fleet.decisions', array[now()])",
    "select core.make_partitions('fleet.cycles', array[now()])",
  ]
  for (const statement of statements) await owner.query(statement)
  await owner.query('vacuum analyze')
}

/** Nothing was decided or dosed yet. */
export async function nothingDecided(owner: pg.Pool): Promise<void> {
  await owner.query('truncate fleet.commands, fleet.decisions, fleet.cycles, fleet.dose_windows')
  await owner.query(
    `insert into fleet.dose_windows (regulator_id, tenant_id, hour_at, hour_budget, day_at, day_budget)
    select id, tenant_id, 'epoch', budget_hour, 'epoch', budget_day from fleet.regulators`,
  )
  await owner.query('vacuum analyze fleet.dose_windows')
  await owner.query('checkpoint')
}
