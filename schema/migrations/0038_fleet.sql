create schema if not exists fleet;

create table fleet.alerts (
  id bigint primary key generated always as identity,
  tenant_id bigint,
  kind text not null,
  severity text default 'warning' not null,
  subject text not null,
  labels jsonb default '{}'::jsonb not null,
  since timestamptz not null,
  raised_at timestamptz default now() not null,
  seen_at timestamptz default now() not null,
  cleared_at timestamptz,
  acked_at timestamptz,
  acked_by text,
  constraint alerts_kind check (kind in ('node_silent', 'metric_silent', 'target', 'stuck', 'clock_skew', 'drift', 'config_rejected', 'budget', 'cycle_failures', 'cycle_missed', 'telemetry_unaccounted', 'queue_full')),
  constraint alerts_severity check (severity in ('warning', 'critical'))
);

create table fleet.calibrations (
  node_id bigint not null,
  metric_id smallint not null,
  channel text not null,
  from_at timestamptz not null,
  tenant_id bigint not null,
  gain double precision not null,
  shift double precision not null,
  created_at timestamptz default now() not null,
  applied_at timestamptz,
  constraint calibrations_pkey primary key(node_id,metric_id,channel,from_at)
);

create table fleet.channels (
  node_id bigint not null,
  channel text not null,
  tenant_id bigint not null,
  kind text not null,
  metric text,
  settings jsonb default '{}'::jsonb not null,
  reported_at timestamptz default now() not null,
  constraint channels_pkey primary key(node_id,channel),
  constraint channels_kind check (kind in ('sensor', 'actuator'))
);

create table fleet.commands (
  id bigint primary key generated always as identity,
  tenant_id bigint not null,
  node_id bigint not null,
  zone_id bigint not null,
  regulator_id bigint,
  slot timestamptz,
  zone_epoch integer not null,
  regulator_epoch integer,
  kind text not null,
  channel text default '' not null,
  amount double precision,
  unit text,
  run_ms integer,
  max_run_ms integer,
  state text default 'QUEUED' not null,
  reason text,
  ordered_by text not null,
  queued_at timestamptz default now() not null,
  sent_at timestamptz,
  acked_at timestamptz,
  finished_at timestamptz,
  expires_at timestamptz,
  constraint commands_slot unique(regulator_id,slot),
  constraint commands_kind check (kind in ('dose', 'on', 'off')),
  constraint commands_state check (state in ('QUEUED', 'SENT', 'ACK', 'DONE', 'NO_EFFECT', 'ERROR', 'BUSY', 'TIMEOUT', 'EXPIRED')),
  constraint commands_dose check (kind <> 'dose' or (amount > 0 and run_ms > 0 and max_run_ms >= run_ms))
);

create table fleet.cycles (
  shard integer not null,
  slot timestamptz not null,
  started_at timestamptz default now() not null,
  finished_at timestamptz,
  took_ms double precision,
  zones integer default 0 not null,
  success integer default 0 not null,
  failed integer default 0 not null,
  commands integer default 0 not null,
  errors jsonb default '[]'::jsonb not null,
  constraint cycles_pkey primary key(shard,slot),
  constraint cycles_counts check (zones = success + failed)
) partition by range (slot);

create table fleet.decisions (
  regulator_id bigint not null,
  at timestamptz not null,
  tenant_id bigint not null,
  zone_id bigint not null,
  outcome text not null,
  command_id bigint,
  inputs jsonb not null,
  constraint decisions_pkey primary key(regulator_id,at),
  constraint decisions_outcome check (outcome in ('dosed', 'in_range', 'cooldown', 'budget_exhausted', 'stale', 'suspect', 'no_value', 'unacknowledged', 'opposed', 'manual', 'maintenance', 'disabled'))
) partition by range (at);

create table fleet.dose_windows (
  regulator_id bigint not null,
  span text not null,
  starts_at timestamptz not null,
  tenant_id bigint not null,
  used double precision default 0 not null,
  budget double precision not null,
  constraint dose_windows_pkey primary key(regulator_id,span,starts_at),
  constraint dose_windows_span check (span in ('hour', 'day')),
  constraint dose_windows_used check (used >= 0),
  constraint dose_windows_budget check (used <= budget)
);

create table fleet.greenhouses (
  id bigint primary key generated always as identity,
  tenant_id bigint not null,
  name text not null,
  timezone text not null,
  gen integer default 1 not null,
  version integer default 1 not null,
  created_at timestamptz default now() not null
);

create table fleet.metrics (
  id smallint primary key generated always as identity,
  name text not null,
  unit text not null,
  min double precision,
  max double precision,
  kind text default 'gauge' not null,
  reporting text default 'periodic' not null,
  priority text default 'normal' not null,
  stale_after integer default 600 not null,
  late_after integer default 600 not null,
  max_rate double precision,
  stuck_after integer,
  rest_value double precision,
  constraint metrics_name unique(name),
  constraint metrics_kind check (kind in ('gauge', 'counter')),
  constraint metrics_reporting check (reporting in ('periodic', 'on_change')),
  constraint metrics_priority check (priority in ('low', 'normal', 'high'))
);

create table fleet.node_boots (
  node_id bigint not null,
  boot_id text not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  seen int4multirange default '{}' not null,
  constraint node_boots_pkey primary key(node_id,boot_id)
);

create table fleet.node_configs (
  node_id bigint primary key,
  tenant_id bigint not null,
  settings jsonb default '{}'::jsonb not null,
  desired_version integer default 1 not null,
  desired_at timestamptz default now() not null,
  published_version integer default 0 not null,
  published_at timestamptz,
  claimed_until timestamptz,
  reported_version integer default 0 not null,
  reported_at timestamptz,
  outcome text,
  reason text,
  rejections integer default 0 not null,
  override_until timestamptz,
  drifted_at timestamptz default now(),
  constraint node_configs_outcome check (outcome in ('applied', 'rejected', 'local_override', 'superseded')),
  constraint node_configs_published check (published_version <= desired_version),
  constraint node_configs_reported check (reported_version <= desired_version)
);

create table fleet.nodes (
  id bigint primary key generated always as identity,
  tenant_id bigint not null,
  greenhouse_id bigint not null,
  hardware_id text not null,
  uid text not null,
  type text not null,
  name text,
  fw_version text,
  hardware_revision text,
  lifecycle text default 'REGISTERED_BACKEND' not null,
  maintenance_until timestamptz,
  gen integer default 1 not null,
  used_gen integer default 0 not null,
  reprovision_until timestamptz,
  first_seen_at timestamptz default now() not null,
  last_seen_at timestamptz,
  version integer default 1 not null,
  constraint nodes_hardware unique(tenant_id,hardware_id),
  constraint nodes_uid unique(uid),
  constraint nodes_type check (type in ('ph', 'ec', 'climate', 'soil', 'light', 'irrigation', 'pump', 'tank')),
  constraint nodes_lifecycle check (lifecycle in ('REGISTERED_BACKEND', 'ASSIGNED_TO_ZONE', 'ACTIVE', 'DEGRADED', 'MAINTENANCE', 'DECOMMISSIONED')),
  constraint nodes_used_gen check (used_gen <= gen)
);

create table fleet.regulators (
  id bigint primary key generated always as identity,
  tenant_id bigint not null,
  zone_id bigint not null,
  metric_id smallint not null,
  direction text not null,
  node_type text not null,
  channel text default '' not null,
  dose double precision not null,
  unit text default 'ml' not null,
  pulse_ms integer not null,
  max_run_ms integer not null,
  cooldown_seconds integer not null,
  budget_hour double precision not null,
  budget_day double precision not null,
  enabled boolean default true not null,
  epoch integer default 1 not null,
  acting boolean default false not null,
  dosed_at timestamptz,
  outcome text,
  thresholds jsonb,
  version integer default 1 not null,
  constraint regulators_zone unique(zone_id,metric_id,direction),
  constraint regulators_direction check (direction in ('raise', 'lower')),
  constraint regulators_node_type check (node_type in ('ph', 'ec', 'climate', 'soil', 'light', 'irrigation', 'pump', 'tank')),
  constraint regulators_outcome check (outcome in ('dosed', 'in_range', 'cooldown', 'budget_exhausted', 'stale', 'suspect', 'no_value', 'unacknowledged', 'opposed', 'manual', 'maintenance', 'disabled')),
  constraint regulators_amounts check (dose > 0 and budget_hour >= 0 and budget_day >= 0),
  constraint regulators_times check (pulse_ms > 0 and max_run_ms >= pulse_ms and cooldown_seconds >= 0)
);

create table fleet.telemetry_1d (
  node_id bigint not null,
  metric_id smallint not null,
  channel text not null,
  n integer not null,
  sum double precision not null,
  min double precision not null,
  max double precision not null,
  last double precision not null,
  last_ts timestamptz not null,
  increase double precision,
  day date not null,
  constraint telemetry_1d_pkey primary key(node_id,metric_id,channel,day)
);

create table fleet.telemetry_1h (
  node_id bigint not null,
  metric_id smallint not null,
  channel text not null,
  n integer not null,
  sum double precision not null,
  min double precision not null,
  max double precision not null,
  last double precision not null,
  last_ts timestamptz not null,
  increase double precision,
  hour timestamptz not null,
  folded boolean default false not null,
  constraint telemetry_1h_pkey primary key(node_id,metric_id,channel,hour)
) partition by range (hour);

create table fleet.telemetry_1m (
  node_id bigint not null,
  metric_id smallint not null,
  channel text not null,
  n integer not null,
  sum double precision not null,
  min double precision not null,
  max double precision not null,
  last double precision not null,
  last_ts timestamptz not null,
  increase double precision,
  minute timestamptz not null,
  folded boolean default false not null,
  constraint telemetry_1m_pkey primary key(node_id,metric_id,channel,minute)
) partition by range (minute);

create table fleet.telemetry_last (
  node_id bigint not null,
  metric_id smallint not null,
  channel text not null,
  ts timestamptz not null,
  value double precision not null,
  raw double precision not null,
  quality text not null,
  same_since timestamptz not null,
  received_at timestamptz not null,
  constraint telemetry_last_pkey primary key(node_id,metric_id,channel),
  constraint telemetry_last_quality check (quality in ('good', 'suspect', 'stuck'))
);

create table fleet.telemetry_minutes (
  tenant_id bigint not null,
  minute timestamptz not null,
  received bigint default 0 not null,
  accepted bigint default 0 not null,
  duplicate bigint default 0 not null,
  conflicting bigint default 0 not null,
  late bigint default 0 not null,
  rejected bigint default 0 not null,
  thinned bigint default 0 not null,
  refused bigint default 0 not null,
  constraint telemetry_minutes_pkey primary key(tenant_id,minute)
);

create table fleet.telemetry_rejects (
  id uuid primary key default uuidv7() not null,
  tenant_id bigint not null,
  node_uid text,
  reason text not null,
  sample jsonb not null,
  received_at timestamptz not null,
  replayed_at timestamptz,
  constraint telemetry_rejects_reason check (reason in ('malformed', 'not_a_number', 'clock_unset', 'in_future', 'too_old', 'ts_missing', 'unknown_node', 'unknown_metric', 'unit_mismatch', 'out_of_range'))
) partition by range (id);

create table fleet.telemetry_samples (
  node_id bigint not null,
  metric_id smallint not null,
  channel text not null,
  ts timestamptz not null,
  value double precision not null,
  raw double precision not null,
  quality text not null,
  received_at timestamptz not null,
  conflicts smallint default 0 not null,
  constraint telemetry_samples_pkey primary key(node_id,metric_id,channel,ts)
) partition by range (ts);

create table fleet.zone_bindings (
  id bigint primary key generated always as identity,
  tenant_id bigint not null,
  zone_id bigint not null,
  node_id bigint not null,
  from_at timestamptz default now() not null,
  until_at timestamptz,
  constraint zone_bindings_order check (until_at >= from_at)
);

create table fleet.zone_slots (
  tenant_id bigint not null,
  zone_id bigint not null,
  node_type text not null,
  node_id bigint not null,
  constraint zone_slots_pkey primary key(zone_id,node_type),
  constraint zone_slots_node unique(node_id)
);

create table fleet.zone_targets (
  id bigint primary key generated always as identity,
  tenant_id bigint not null,
  zone_id bigint not null,
  metric_id smallint not null,
  min double precision not null,
  max double precision not null,
  hysteresis double precision default 0 not null,
  from_time time,
  until_time time,
  clock text default 'local' not null,
  version integer default 1 not null,
  constraint zone_targets_hours unique nulls not distinct(zone_id,metric_id,from_time),
  constraint zone_targets_range check (min <= max and hysteresis >= 0 and hysteresis <= max - min),
  constraint zone_targets_hours_whole check ((from_time is null) = (until_time is null)),
  constraint zone_targets_clock check (clock in ('local', 'standard'))
);

create table fleet.zones (
  id bigint primary key generated always as identity,
  tenant_id bigint not null,
  greenhouse_id bigint not null,
  name text not null,
  mode text default 'auto' not null,
  mode_until timestamptz,
  epoch integer default 1 not null,
  version integer default 1 not null,
  created_at timestamptz default now() not null,
  constraint zones_mode check (mode in ('auto', 'manual', 'maintenance'))
);

alter table core.partitioned drop constraint partitioned_relation_shape;

alter table fleet.channels add constraint channels_node_id_nodes_id_fk foreign key (node_id) references fleet.nodes(id);

alter table fleet.node_configs add constraint node_configs_node_id_nodes_id_fk foreign key (node_id) references fleet.nodes(id);

alter table fleet.nodes add constraint nodes_greenhouse_id_greenhouses_id_fk foreign key (greenhouse_id) references fleet.greenhouses(id);

alter table fleet.regulators add constraint regulators_zone_id_zones_id_fk foreign key (zone_id) references fleet.zones(id);

alter table fleet.regulators add constraint regulators_metric_id_metrics_id_fk foreign key (metric_id) references fleet.metrics(id);

alter table fleet.zone_slots add constraint zone_slots_zone_id_zones_id_fk foreign key (zone_id) references fleet.zones(id);

alter table fleet.zone_slots add constraint zone_slots_node_id_nodes_id_fk foreign key (node_id) references fleet.nodes(id);

alter table fleet.zone_targets add constraint zone_targets_zone_id_zones_id_fk foreign key (zone_id) references fleet.zones(id);

alter table fleet.zone_targets add constraint zone_targets_metric_id_metrics_id_fk foreign key (metric_id) references fleet.metrics(id);

alter table fleet.zones add constraint zones_greenhouse_id_greenhouses_id_fk foreign key (greenhouse_id) references fleet.greenhouses(id);

alter table core.partitioned add constraint partitioned_relation_shape check (core.partitioned.relation ~ '^[a-z_]{1,30}[.][a-z][a-z0-9_]{0,49}$');

create or replace function fleet.is_folded(first_moment timestamptz, next_moment timestamptz) returns boolean
language sql stable
set search_path = ''
as $$
select not exists (
  select
  from fleet.telemetry_1m
  where minute >= first_moment
    and minute < next_moment
    and not folded
)
$$;

create or replace function fleet.is_folded_into_days(first_moment timestamptz, next_moment timestamptz) returns boolean
language sql stable
set search_path = ''
as $$
select not exists (
  select
  from fleet.telemetry_1h
  where hour >= first_moment
    and hour < next_moment
    and not folded
)
$$;

insert into core.partitioned (relation, key, every, ahead, kept, folded_by)
values ('fleet.telemetry_samples', 'time', 'day', 7, 30, 'fleet.is_folded');

insert into core.partitioned (relation, key, every, ahead, kept, folded_by)
values ('fleet.telemetry_1m', 'time', 'day', 7, 32, 'fleet.is_folded');

insert into core.partitioned (relation, key, every, ahead, kept, folded_by)
values ('fleet.telemetry_1h', 'time', 'month', 3, 12, 'fleet.is_folded_into_days');

insert into core.partitioned (relation, key, every, ahead, kept, folded_by)
values ('fleet.telemetry_rejects', 'id', 'day', 7, 7, null);

insert into core.partitioned (relation, key, every, ahead, kept, folded_by)
values ('fleet.decisions', 'time', 'month', 3, 13, null);

insert into core.partitioned (relation, key, every, ahead, kept, folded_by)
values ('fleet.cycles', 'time', 'day', 7, 30, null);

grant usage on schema fleet to lockstep_app;

grant select, insert, update, delete on table fleet.greenhouses to lockstep_app;

grant select, insert, update, delete on table fleet.nodes to lockstep_app;

grant select, insert, update, delete on table fleet.zones to lockstep_app;

grant select, insert, update, delete on table fleet.zone_slots to lockstep_app;

grant select, insert, update, delete on table fleet.zone_bindings to lockstep_app;

grant select, insert, update, delete on table fleet.node_configs to lockstep_app;

grant select, insert, update, delete on table fleet.channels to lockstep_app;

grant select, insert, update, delete on table fleet.calibrations to lockstep_app;

grant select, insert, update, delete on table fleet.telemetry_rejects to lockstep_app;

grant select, insert, update, delete on table fleet.telemetry_minutes to lockstep_app;

grant select, insert, update, delete on table fleet.zone_targets to lockstep_app;

grant select, insert, update, delete on table fleet.regulators to lockstep_app;

grant select, insert, update, delete on table fleet.dose_windows to lockstep_app;

grant select, insert, update, delete on table fleet.commands to lockstep_app;

grant select, insert, update, delete on table fleet.decisions to lockstep_app;

grant select, insert, update, delete on table fleet.alerts to lockstep_app;

grant select, insert, update, delete on table fleet.metrics to lockstep_app;

grant select, insert, update, delete on table fleet.telemetry_samples to lockstep_app;

grant select, insert, update, delete on table fleet.telemetry_last to lockstep_app;

grant select, insert, update, delete on table fleet.telemetry_1m to lockstep_app;

grant select, insert, update, delete on table fleet.telemetry_1h to lockstep_app;

grant select, insert, update, delete on table fleet.telemetry_1d to lockstep_app;

grant select, insert, update, delete on table fleet.node_boots to lockstep_app;

grant select, insert, update, delete on table fleet.cycles to lockstep_app;

alter table fleet.greenhouses enable row level security;
alter table fleet.greenhouses force row level security;

create policy of_tenant on fleet.greenhouses
for all to lockstep_app
using (current_setting('app.tenant_id', true) in ('*', tenant_id::text));

alter table fleet.nodes enable row level security;
alter table fleet.nodes force row level security;

create policy of_tenant on fleet.nodes
for all to lockstep_app
using (current_setting('app.tenant_id', true) in ('*', tenant_id::text));

alter table fleet.zones enable row level security;
alter table fleet.zones force row level security;

create policy of_tenant on fleet.zones
for all to lockstep_app
using (current_setting('app.tenant_id', true) in ('*', tenant_id::text));

alter table fleet.zone_slots enable row level security;
alter table fleet.zone_slots force row level security;

create policy of_tenant on fleet.zone_slots
for all to lockstep_app
using (current_setting('app.tenant_id', true) in ('*', tenant_id::text));

alter table fleet.zone_bindings enable row level security;
alter table fleet.zone_bindings force row level security;

create policy of_tenant on fleet.zone_bindings
for all to lockstep_app
using (current_setting('app.tenant_id', true) in ('*', tenant_id::text));

alter table fleet.node_configs enable row level security;
alter table fleet.node_configs force row level security;

create policy of_tenant on fleet.node_configs
for all to lockstep_app
using (current_setting('app.tenant_id', true) in ('*', tenant_id::text));

alter table fleet.channels enable row level security;
alter table fleet.channels force row level security;

create policy of_tenant on fleet.channels
for all to lockstep_app
using (current_setting('app.tenant_id', true) in ('*', tenant_id::text));

alter table fleet.calibrations enable row level security;
alter table fleet.calibrations force row level security;

create policy of_tenant on fleet.calibrations
for all to lockstep_app
using (current_setting('app.tenant_id', true) in ('*', tenant_id::text));

alter table fleet.telemetry_rejects enable row level security;
alter table fleet.telemetry_rejects force row level security;

create policy of_tenant on fleet.telemetry_rejects
for all to lockstep_app
using (current_setting('app.tenant_id', true) in ('*', tenant_id::text));

alter table fleet.telemetry_minutes enable row level security;
alter table fleet.telemetry_minutes force row level security;

create policy of_tenant on fleet.telemetry_minutes
for all to lockstep_app
using (current_setting('app.tenant_id', true) in ('*', tenant_id::text));

alter table fleet.zone_targets enable row level security;
alter table fleet.zone_targets force row level security;

create policy of_tenant on fleet.zone_targets
for all to lockstep_app
using (current_setting('app.tenant_id', true) in ('*', tenant_id::text));

alter table fleet.regulators enable row level security;
alter table fleet.regulators force row level security;

create policy of_tenant on fleet.regulators
for all to lockstep_app
using (current_setting('app.tenant_id', true) in ('*', tenant_id::text));

alter table fleet.dose_windows enable row level security;
alter table fleet.dose_windows force row level security;

create policy of_tenant on fleet.dose_windows
for all to lockstep_app
using (current_setting('app.tenant_id', true) in ('*', tenant_id::text));

alter table fleet.commands enable row level security;
alter table fleet.commands force row level security;

create policy of_tenant on fleet.commands
for all to lockstep_app
using (current_setting('app.tenant_id', true) in ('*', tenant_id::text));

alter table fleet.decisions enable row level security;
alter table fleet.decisions force row level security;

create policy of_tenant on fleet.decisions
for all to lockstep_app
using (current_setting('app.tenant_id', true) in ('*', tenant_id::text));

alter table fleet.alerts enable row level security;
alter table fleet.alerts force row level security;

create policy of_tenant on fleet.alerts
for all to lockstep_app
using (current_setting('app.tenant_id', true) in ('*', tenant_id::text));

alter table fleet.telemetry_last set (fillfactor = 70);

alter table fleet.regulators set (fillfactor = 70);

alter table fleet.node_configs set (fillfactor = 70);

alter table fleet.nodes set (fillfactor = 80);

create index if not exists idx_telemetry_1m_unfolded
on fleet.telemetry_1m using btree (minute)
where not folded;

comment on index fleet.idx_telemetry_1m_unfolded is 'the job that folds minutes into hours and days; the keeper of partitions';

create index if not exists idx_telemetry_1h_unfolded
on fleet.telemetry_1h using btree (hour)
where not folded;

comment on index fleet.idx_telemetry_1h_unfolded is 'the job that folds hours into days; the keeper of partitions';

create index if not exists idx_telemetry_rejects_tenant
on fleet.telemetry_rejects using btree (tenant_id, id);

comment on index fleet.idx_telemetry_rejects_tenant is 'GET /v1/fleet/telemetry/rejects of a tenant, newest first';

create index if not exists idx_decisions_zone
on fleet.decisions using btree (zone_id, at);

comment on index fleet.idx_decisions_zone is 'GET /v1/fleet/zones/{id}/decisions, newest first';

insert into fleet.metrics
  (name, unit, min, max, kind, reporting, priority, stale_after, late_after, max_rate, stuck_after, rest_value)
values
  ('ph', 'pH', 0, 14, 'gauge', 'periodic', 'high', 600, 600, 0.1, 21600, null),
  ('ec', 'mS/cm', 0, 20, 'gauge', 'periodic', 'high', 600, 600, 0.2, 21600, null),
  ('temperature', '°C', -40, 85, 'gauge', 'periodic', 'normal', 600, 600, 1, 43200, null),
  ('water_temperature', '°C', -5, 60, 'gauge', 'periodic', 'normal', 600, 600, 0.5, 43200, null),
  ('humidity', '%', 0, 100, 'gauge', 'periodic', 'normal', 600, 600, 5, 43200, 100),
  ('absolute_humidity', 'g/m³', 0, 100, 'gauge', 'periodic', 'low', 600, 600, null, 43200, null),
  ('co2', 'ppm', 0, 10000, 'gauge', 'periodic', 'normal', 600, 600, 500, 43200, null),
  ('light', 'µmol/m²/s', 0, 5000, 'gauge', 'periodic', 'low', 900, 600, null, 43200, 0),
  ('soil_moisture', '%', 0, 100, 'gauge', 'periodic', 'normal', 1800, 600, 5, 86400, null),
  ('tank_level', '%', 0, 100, 'gauge', 'periodic', 'normal', 900, 600, 20, null, null),
  ('pressure', 'bar', 0, 16, 'gauge', 'periodic', 'normal', 600, 600, null, 43200, 0),
  ('water_total', 'L', 0, null, 'counter', 'periodic', 'low', 900, 600, null, null, null),
  ('energy_total', 'kWh', 0, null, 'counter', 'periodic', 'low', 900, 600, null, null, null),
  ('pump_on', '', 0, 1, 'gauge', 'on_change', 'normal', 600, 600, null, null, 0);
