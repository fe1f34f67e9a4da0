create schema if not exists fleet;

create table fleet.alerts (
  id bigint primary key generated always as identity,
  tenant_id bigint,
  kind text not null,
  severity text default 'warning' not null,
  subject text not null,
  labels jsonb default '{}'::jsonb not null,
  value double precision,
  peak double precision,
  count integer default 1 not null,
  since timestamptz not null,
  raised_at timestamptz,
  seen_at timestamptz default now() not null,
  cleared_at timestamptz,
  acked_at timestamptz,
  acked_by text,
  note text,
  constraint alerts_kind check (kind in ('node_silent', 'metric_silent', 'target', 'stuck', 'clock_skew', 'drift', 'config_rejected', 'budget', 'cycle_failures', 'cycle_missed', 'telemetry_unaccounted', 'queue_full')),
  constraint alerts_severity check (severity in ('warning', 'critical')),
  constraint alerts_times check (raised_at >= since and cleared_at >= raised_at and acked_at >= raised_at)
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
  amount numeric(12, 3),
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
  decisions integer default 0 not null,
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
  value double precision,
  measured_at timestamptz,
  quality text,
  node_id bigint,
  target_id bigint,
  target_version integer,
  low double precision,
  high double precision,
  hysteresis double precision,
  hour_left numeric(12, 3) not null,
  day_left numeric(12, 3) not null,
  regulator_version integer not null,
  constraint decisions_pkey primary key(regulator_id,at),
  constraint decisions_outcome check (outcome in ('dosed', 'in_range', 'cooldown', 'budget_exhausted', 'stale', 'suspect', 'no_value', 'no_target', 'no_actuator', 'unacknowledged', 'opposed', 'manual', 'maintenance', 'disabled'))
) partition by range (at);

create table fleet.dose_windows (
  regulator_id bigint primary key,
  tenant_id bigint not null,
  hour_at timestamptz not null,
  hour_used numeric(12, 3) default '0' not null,
  hour_budget numeric(12, 3) not null,
  day_at timestamptz not null,
  day_used numeric(12, 3) default '0' not null,
  day_budget numeric(12, 3) not null,
  dosed_at timestamptz,
  outcome text,
  decided_at timestamptz,
  low double precision,
  high double precision,
  constraint dose_windows_hour check (hour_used between 0 and hour_budget),
  constraint dose_windows_day check (day_used between 0 and day_budget),
  constraint dose_windows_outcome check (outcome in ('dosed', 'in_range', 'cooldown', 'budget_exhausted', 'stale', 'suspect', 'no_value', 'no_target', 'no_actuator', 'unacknowledged', 'opposed', 'manual', 'maintenance', 'disabled'))
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
  dose numeric(12, 3) not null,
  unit text default 'ml' not null,
  pulse_ms integer not null,
  max_run_ms integer not null,
  cooldown_seconds integer not null,
  budget_hour numeric(12, 3) not null,
  budget_day numeric(12, 3) not null,
  enabled boolean default true not null,
  epoch integer default 1 not null,
  version integer default 1 not null,
  created_at timestamptz default now() not null,
  constraint regulators_zone unique(zone_id,metric_id,direction),
  constraint regulators_direction check (direction in ('raise', 'lower')),
  constraint regulators_node_type check (node_type in ('ph', 'ec', 'climate', 'soil', 'light', 'irrigation', 'pump', 'tank')),
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
  boot_id text,
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
  constraint telemetry_rejects_reason check (reason in ('not_a_number', 'clock_unset', 'in_future', 'too_old', 'ts_missing', 'unknown_node', 'unknown_metric', 'unit_mismatch', 'out_of_range'))
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
  constraint zone_targets_hours_whole check ((from_time is null) = (until_time is null) and from_time <> until_time),
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

alter table fleet.dose_windows add constraint dose_windows_regulator_id_regulators_id_fk foreign key (regulator_id) references fleet.regulators(id);

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

create or replace function fleet.has_passed(at timestamptz, moment time, zone text) returns boolean
language sql stable
return (at at time zone zone)::time >= moment
  or exists (
    select
    from (
      select (
        (at at time zone zone)::date + moment
        - (((at - interval '24 hours') at time zone zone) - ((at - interval '24 hours') at time zone 'UTC'))
      ) at time zone 'UTC' as at
    ) first
    where first.at <= $1
      and (first.at at time zone $3)::time = $2
  );

create or replace function fleet.is_due(at timestamptz, from_time time, until_time time, clock text, zone text)
returns boolean
language sql stable
return case
  when from_time is null then true
  when clock = 'standard' then (
    select case
      when from_time < until_time then standard.time >= from_time and standard.time < until_time
      else standard.time >= from_time or standard.time < until_time
    end
    from (
      select (
        (at at time zone 'UTC')
        + least((january at time zone zone) - (january at time zone 'UTC'), (july at time zone zone) - (july at time zone 'UTC'))
      )::time as time
      from (select date_trunc('year', at, 'UTC') as january) winter
      cross join lateral (select january + interval '4344 hours' as july) summer
    ) standard
  )
  when from_time < until_time
  then fleet.has_passed(at, from_time, zone) and not fleet.has_passed(at, until_time, zone)
  else fleet.has_passed(at, from_time, zone) or not fleet.has_passed(at, until_time, zone)
end;

create or replace function fleet.was_acting(outcome text) returns boolean
language sql immutable
return outcome in ('unacknowledged', 'no_actuator', 'opposed', 'cooldown', 'budget_exhausted', 'dosed');

create or replace function fleet.is_acting(
  direction text, value double precision, low double precision, high double precision, hysteresis double precision,
  was text
) returns boolean
language sql immutable
return coalesce(
  case direction
    when 'raise' then value < low or value < low + hysteresis and fleet.was_acting(was)
    else value > high or value > high - hysteresis and fleet.was_acting(was)
  end,
  false
);

create or replace function fleet.decide(
  at timestamptz,
  enabled boolean,
  mode text,
  mode_until timestamptz,
  direction text,
  low double precision,
  high double precision,
  hysteresis double precision,
  value double precision,
  fresh_at timestamptz,
  stale_after integer,
  quality text,
  was text,
  waits boolean,
  actuator text,
  opposed_until timestamptz,
  dosed_at timestamptz,
  cooldown_seconds integer,
  dose numeric,
  budget_left numeric
) returns text
language sql stable
return case
  when not enabled then 'disabled'
  when mode <> 'auto' and (mode_until is null or mode_until > at) then mode
  when actuator = 'maintenance' then 'maintenance'
  when low is null then 'no_target'
  when value is null then 'no_value'
  when fresh_at + make_interval(secs => stale_after) < at then 'stale'
  when quality <> 'good' then 'suspect'
  when not fleet.is_acting(direction, value, low, high, hysteresis, was) then 'in_range'
  when waits then 'unacknowledged'
  when actuator = 'none' then 'no_actuator'
  when opposed_until > at then 'opposed'
  when dosed_at + make_interval(secs => cooldown_seconds) > at then 'cooldown'
  when dose > budget_left then 'budget_exhausted'
  else 'dosed'
end;

create or replace function fleet.take_cycle(shard_number integer, slot_at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into fleet.cycles (shard, slot) values (shard_number, slot_at) on conflict do nothing;
  if not found then
    raise exception using errcode = 'LS011', message = 'this slot is done';
  end if;
end
$$;

create or replace function fleet.refuse_command_step_back() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception using
    errcode = '23514',
    constraint = 'commands_only_move_up',
    message = format('the command is %s and cannot become %s', old.state, new.state);
end
$$;

create or replace trigger commands_only_move_up
before update on fleet.commands
for each row
when (new.state <> old.state and (
    old.state not in ('QUEUED', 'SENT', 'ACK')
    or new.state = 'QUEUED'
    or old.state = 'ACK' and new.state = 'SENT'
  ))
execute function fleet.refuse_command_step_back();

create or replace function fleet.settle_command() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.state in ('ERROR', 'NO_EFFECT', 'EXPIRED') and new.kind = 'dose' then
    -- A window that began after the dose does not contain it.
    update fleet.dose_windows w
    set
      hour_used = case
        when w.hour_at <= coalesce(new.slot, new.queued_at) then greatest(w.hour_used - new.amount, 0)
        else w.hour_used
      end,
      day_used = case
        when w.day_at <= coalesce(new.slot, new.queued_at) then greatest(w.day_used - new.amount, 0)
        else w.day_used
      end
    where w.regulator_id = new.regulator_id;
  elsif new.state = 'TIMEOUT' then
    insert into fleet.commands (
      tenant_id, node_id, zone_id, regulator_id, zone_epoch, regulator_epoch, kind, channel, ordered_by, reason
    )
    select
      new.tenant_id, new.node_id, new.zone_id, new.regulator_id, z.epoch, r.epoch, 'off', new.channel, 'system', new.reason
    from fleet.zones z
    left join fleet.regulators r on r.id = new.regulator_id
    where z.id = new.zone_id;
  end if;
  return null;
end
$$;

create or replace trigger commands_settle
after update on fleet.commands
for each row
when (new.state <> old.state and new.kind <> 'off' and new.state in ('ERROR', 'NO_EFFECT', 'EXPIRED', 'TIMEOUT'))
execute function fleet.settle_command();

create or replace function fleet.void_commands() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update fleet.commands c
  set
    zone_epoch = case when c.kind = 'off' and tg_table_name = 'zones' then new.epoch else c.zone_epoch end,
    regulator_epoch = case when c.kind = 'off' and tg_table_name = 'regulators' then new.epoch else c.regulator_epoch end,
    state = case when c.kind = 'off' then c.state when c.state = 'QUEUED' then 'EXPIRED' else 'TIMEOUT' end,
    reason = case when c.kind = 'off' then c.reason else 'stale_epoch' end,
    finished_at = case when c.kind = 'off' then c.finished_at else now() end
  where c.state in ('QUEUED', 'SENT', 'ACK')
    and case tg_table_name when 'zones' then c.zone_id else c.regulator_id end = new.id;
  return null;
end
$$;

create or replace trigger void_commands
after update on fleet.zones
for each row
when (new.epoch > old.epoch)
execute function fleet.void_commands();

create or replace trigger void_commands
after update on fleet.regulators
for each row
when (new.epoch > old.epoch)
execute function fleet.void_commands();

insert into core.partitioned (relation, key, every, ahead, kept, folded_by)
values ('fleet.telemetry_samples', 'time', 'day', 7, 30, 'fleet.is_folded');

insert into core.partitioned (relation, key, every, ahead, kept, folded_by)
values ('fleet.telemetry_1m', 'time', 'day', 7, 30, 'fleet.is_folded');

insert into core.partitioned (relation, key, every, ahead, kept, folded_by)
values ('fleet.telemetry_1h', 'time', 'month', 3, 12, null);

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

alter table fleet.dose_windows set (fillfactor = 70);

alter table fleet.node_configs set (fillfactor = 70);

alter table fleet.nodes set (fillfactor = 80);

create index if not exists idx_telemetry_1m_unfolded
on fleet.telemetry_1m using btree (minute)
where not folded;

comment on index fleet.idx_telemetry_1m_unfolded is 'the job that folds minutes into hours and days; the keeper of partitions';

create index if not exists idx_telemetry_rejects_tenant
on fleet.telemetry_rejects using btree (tenant_id, id);

comment on index fleet.idx_telemetry_rejects_tenant is 'GET /v1/fleet/telemetry/rejects of a tenant, newest first';

create index if not exists idx_decisions_zone
on fleet.decisions using btree (zone_id, at);

comment on index fleet.idx_decisions_zone is 'GET /v1/fleet/zones/{id}/decisions, newest first';
