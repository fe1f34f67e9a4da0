alter table fleet.regulators reset (fillfactor);

alter table fleet.decisions drop constraint decisions_outcome;

alter table fleet.dose_windows drop constraint dose_windows_span;

alter table fleet.dose_windows drop constraint dose_windows_used;

alter table fleet.dose_windows drop constraint dose_windows_budget;

alter table fleet.regulators drop constraint regulators_outcome;

alter table fleet.zone_targets drop constraint zone_targets_hours_whole;

alter table fleet.dose_windows drop constraint dose_windows_pkey;

alter table fleet.alerts alter column raised_at drop default;

alter table fleet.alerts alter column raised_at drop not null;

alter table fleet.commands alter column amount set data type numeric(12, 3);

alter table fleet.dose_windows add primary key (regulator_id);

alter table fleet.regulators alter column dose set data type numeric(12, 3);

alter table fleet.regulators alter column budget_hour set data type numeric(12, 3);

alter table fleet.regulators alter column budget_day set data type numeric(12, 3);

alter table fleet.alerts add column value double precision;

alter table fleet.alerts add column peak double precision;

alter table fleet.alerts add column count integer default 1 not null;

alter table fleet.alerts add column note text;

alter table fleet.cycles add column decisions integer default 0 not null;

alter table fleet.decisions add column value double precision;

alter table fleet.decisions add column measured_at timestamptz;

alter table fleet.decisions add column quality text;

alter table fleet.decisions add column node_id bigint;

alter table fleet.decisions add column target_id bigint;

alter table fleet.decisions add column target_version integer;

alter table fleet.decisions add column low double precision;

alter table fleet.decisions add column high double precision;

alter table fleet.decisions add column hysteresis double precision;

alter table fleet.decisions add column hour_left numeric(12, 3) not null;

alter table fleet.decisions add column day_left numeric(12, 3) not null;

alter table fleet.decisions add column regulator_version integer not null;

alter table fleet.dose_windows add column hour_at timestamptz not null;

alter table fleet.dose_windows add column hour_used numeric(12, 3) default '0' not null;

alter table fleet.dose_windows add column hour_budget numeric(12, 3) not null;

alter table fleet.dose_windows add column day_at timestamptz not null;

alter table fleet.dose_windows add column day_used numeric(12, 3) default '0' not null;

alter table fleet.dose_windows add column day_budget numeric(12, 3) not null;

alter table fleet.dose_windows add column dosed_at timestamptz;

alter table fleet.dose_windows add column outcome text;

alter table fleet.dose_windows add column decided_at timestamptz;

alter table fleet.dose_windows add column low double precision;

alter table fleet.dose_windows add column high double precision;

alter table fleet.regulators add column created_at timestamptz default now() not null;

alter table fleet.dose_windows add constraint dose_windows_regulator_id_regulators_id_fk foreign key (regulator_id) references fleet.regulators(id);

alter table fleet.decisions drop column inputs;

alter table fleet.dose_windows drop column span;

alter table fleet.dose_windows drop column starts_at;

alter table fleet.dose_windows drop column used;

alter table fleet.dose_windows drop column budget;

alter table fleet.regulators drop column acting;

alter table fleet.regulators drop column dosed_at;

alter table fleet.regulators drop column outcome;

alter table fleet.regulators drop column thresholds;

alter table fleet.alerts add constraint alerts_times check (raised_at >= since and cleared_at >= raised_at and acked_at >= raised_at);

alter table fleet.decisions add constraint decisions_outcome check (outcome in ('dosed', 'in_range', 'cooldown', 'budget_exhausted', 'stale', 'suspect', 'no_value', 'no_target', 'no_actuator', 'unacknowledged', 'opposed', 'manual', 'maintenance', 'disabled'));

alter table fleet.dose_windows add constraint dose_windows_hour check (hour_used between 0 and hour_budget);

alter table fleet.dose_windows add constraint dose_windows_day check (day_used between 0 and day_budget);

alter table fleet.dose_windows add constraint dose_windows_outcome check (outcome in ('dosed', 'in_range', 'cooldown', 'budget_exhausted', 'stale', 'suspect', 'no_value', 'no_target', 'no_actuator', 'unacknowledged', 'opposed', 'manual', 'maintenance', 'disabled'));

alter table fleet.zone_targets add constraint zone_targets_hours_whole check ((from_time is null) = (until_time is null) and from_time <> until_time);

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

create or replace function fleet.simulate(
  zone_number bigint, metric_number smallint, setting jsonb, from_at timestamptz, until_at timestamptz
) returns table (at timestamptz, outcome text, value double precision, hour_left numeric, day_left numeric)
language plpgsql stable
set search_path = ''
as $$
declare
  zone_name constant text := setting ->> 'timezone';
  dose constant numeric := (setting ->> 'dose')::numeric;
  known record;
  was text;
  dosed_at timestamptz;
  hour_at timestamptz;
  day_at timestamptz;
  hour_used numeric := 0;
  day_used numeric := 0;
begin
  for known in
    select
      minutes.minute as at, r.value, r.measured_at, r.quality, t.low, t.high, t.hysteresis
    from pg_catalog.generate_series(
      pg_catalog.date_trunc('minute', from_at), until_at - interval '1 minute', interval '1 minute'
    ) minutes (minute)
    -- The newest value of the zone's nodes before the end of the minute.
    left join lateral (
      select m.last as value, m.last_ts as measured_at, 'good' as quality
      from fleet.zone_bindings b
      join fleet.telemetry_1m m on m.node_id = b.node_id
      where b.zone_id = zone_number
        and m.metric_id = metric_number
        and m.minute <= minutes.minute
        and m.minute > minutes.minute - pg_catalog.make_interval(secs => (setting ->> 'staleAfter')::int + 60)
        and m.last_ts >= b.from_at
        and (b.until_at is null or m.last_ts < b.until_at)
      order by m.minute desc, m.last_ts desc
      limit 1
    ) r on true
    left join lateral (
      select
        (setting ->> 'min')::double precision as low, (setting ->> 'max')::double precision as high,
        (setting ->> 'hysteresis')::double precision as hysteresis
      where setting ? 'min'
      union all
      (
        select z.min, z.max, z.hysteresis
        from fleet.zone_targets z
        where z.zone_id = zone_number
          and z.metric_id = metric_number
          and not setting ? 'min'
          and (z.from_time is null or fleet.is_due(minutes.minute, z.from_time, z.until_time, z.clock, zone_name))
        order by z.from_time is null, z.id desc
        limit 1
      )
    ) t on true
    order by minutes.minute
  loop
    if hour_at is distinct from pg_catalog.date_trunc('hour', known.at, zone_name) then
      hour_at := pg_catalog.date_trunc('hour', known.at, zone_name);
      hour_used := 0;
    end if;
    if day_at is distinct from pg_catalog.date_trunc('day', known.at, zone_name) then
      day_at := pg_catalog.date_trunc('day', known.at, zone_name);
      day_used := 0;
    end if;
    at := known.at;
    value := known.value;
    hour_left := (setting ->> 'budgetHour')::numeric - hour_used;
    day_left := (setting ->> 'budgetDay')::numeric - day_used;
    outcome := fleet.decide(
      at, true, 'auto', null, setting ->> 'direction', known.low, known.high, known.hysteresis, value, known.measured_at,
      (setting ->> 'staleAfter')::int + 60, known.quality, was, false, 'ready', null, dosed_at,
      (setting ->> 'cooldownSeconds')::int, dose, least(hour_left, day_left)
    );
    if outcome = 'dosed' then
      dosed_at := at;
      hour_used := hour_used + dose;
      day_used := day_used + dose;
    end if;
    was := outcome;
    return next;
  end loop;
end
$$;

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

alter table fleet.dose_windows set (fillfactor = 70);
