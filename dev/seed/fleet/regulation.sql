-- Each zone keeps its pH down through its pump; the first four also keep the nutrients up. Climate has targets of the day
-- and the night and no regulator.
with metric as (
  select id, name from fleet.metrics
),
zone as (
  select z.*, row_number() over (order by z.id) as nth from fleet.zones z where z.tenant_id = 1
),
aimed as (
  insert into fleet.zone_targets (tenant_id, zone_id, metric_id, min, max, hysteresis, from_time, until_time)
  select 1, z.id, m.id, t.low, t.high, t.hysteresis, t.from_time::time, t.until_time::time
  from zone z
  cross join (
    values
      ('ph', 5.6, 6.2, 0.1, null, null),
      ('ec', 1.6, 2.2, 0.1, null, null),
      ('temperature', 20, 27, 1, '06:00', '20:00'),
      ('temperature', 16, 22, 1, '20:00', '06:00'),
      ('humidity', 45, 80, 5, null, null)
  ) t (metric, low, high, hysteresis, from_time, until_time)
  join metric m on m.name = t.metric
  where t.metric <> 'ec' or z.nth <= 4
  order by z.id, m.id
)
insert into fleet.regulators (
  tenant_id, zone_id, metric_id, direction, node_type, channel, dose, pulse_ms, max_run_ms, cooldown_seconds, budget_hour,
  budget_day, created_at
)
select 1, z.id, m.id, r.direction, 'pump', r.channel, r.dose, 2000, 6000, 600, r.budget_hour,
  -- The budget of the sixth zone is too small for its water.
  case when z.nth = 6 then 20 else r.budget_day end, z.created_at
from zone z
cross join (
  values ('ph', 'lower', 'acid', 5, 20, 150), ('ec', 'raise', 'feed', 10, 40, 300)
) r (metric, direction, channel, dose, budget_hour, budget_day)
join metric m on m.name = r.metric
where r.metric <> 'ec' or z.nth <= 4
order by z.id, m.id;
