-- Two greenhouses of tenant 1, eight zones and thirty nodes. One node is silent, one drifts, two are free.
insert into fleet.greenhouses (tenant_id, name, timezone, created_at)
values
  (1, 'North', 'Europe/Vienna', now() - interval '90 days'),
  (1, 'South', 'Europe/Lisbon', now() - interval '60 days');

insert into fleet.zones (tenant_id, greenhouse_id, name, mode, created_at)
select 1, g.id, g.name || ' ' || nth, case when nth = 4 then 'manual' else 'auto' end, g.created_at
from fleet.greenhouses g
cross join generate_series(1, 4) nth
where g.tenant_id = 1
order by g.id, nth;

-- Each zone has ph, climate and pump; the first four have ec as well.
insert into fleet.nodes (
  tenant_id, greenhouse_id, hardware_id, uid, type, name, fw_version, hardware_revision, lifecycle, used_gen,
  first_seen_at, last_seen_at
)
select
  1, z.greenhouse_id, 'esp32-demo-' || z.id || '-' || kind.type,
  'nd-' || kind.type || '-' || left(encode(sha256(convert_to('demo' || z.id, 'UTF8')), 'hex'), 8),
  kind.type, z.name || ' ' || kind.type, case when z.id % 3 = 0 then '1.1.0' else '1.2.0' end, 'B',
  'ACTIVE', 1, z.created_at, now() - make_interval(secs => (z.id * 3)::int)
from (select *, row_number() over (order by id) as nth from fleet.zones where tenant_id = 1) z
cross join (values ('ph'), ('climate'), ('pump'), ('ec')) kind (type)
where kind.type <> 'ec' or z.nth <= 4
order by z.id, kind.type;

insert into fleet.zone_slots (tenant_id, zone_id, node_type, node_id)
select 1, z.id, n.type, n.id
from fleet.nodes n
join fleet.zones z on n.hardware_id = 'esp32-demo-' || z.id || '-' || n.type;

insert into fleet.zone_bindings (tenant_id, zone_id, node_id, from_at)
select s.tenant_id, s.zone_id, s.node_id, n.first_seen_at
from fleet.zone_slots s
join fleet.nodes n on n.id = s.node_id;

-- Two spare nodes, in no zone.
insert into fleet.nodes (tenant_id, greenhouse_id, hardware_id, uid, type, name, fw_version)
select
  1, g.id, 'esp32-spare-' || g.id,
  'nd-ph-' || left(encode(sha256(convert_to('spare' || g.id, 'UTF8')), 'hex'), 8), 'ph', 'Spare', '1.2.0'
from fleet.greenhouses g
where g.tenant_id = 1;

insert into fleet.node_configs (
  node_id, tenant_id, settings, desired_version, desired_at, reported_version, reported_at, outcome, drifted_at
)
select
  n.id, 1, jsonb_build_object('intervalSeconds', 30, 'wifiPassword', '{"configured":true}'::jsonb),
  2, n.first_seen_at, case when s.node_id is null then 0 else 2 end,
  case when s.node_id is not null then n.first_seen_at end,
  case when s.node_id is not null then 'applied' end,
  case when s.node_id is null then n.first_seen_at end
from fleet.nodes n
left join fleet.zone_slots s on s.node_id = n.id
where n.tenant_id = 1;

-- The climate node of the second zone fell silent three hours ago.
update fleet.nodes
set lifecycle = 'DEGRADED', last_seen_at = now() - interval '3 hours', version = version + 1
where id = (
  select s.node_id
  from fleet.zone_slots s
  where s.node_type = 'climate'
  order by s.zone_id
  offset 1
  limit 1
);

-- The pump of the third zone has not applied a change of yesterday: its configuration drifts.
update fleet.node_configs
set desired_version = 3, desired_at = now() - interval '20 hours', drifted_at = now() - interval '20 hours'
where node_id = (
  select s.node_id
  from fleet.zone_slots s
  where s.node_type = 'pump'
  order by s.zone_id
  offset 2
  limit 1
);
