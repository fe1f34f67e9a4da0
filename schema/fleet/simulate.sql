-- Runs the decision of a cycle over the recorded minutes of a regulator's value, one after the other, because a decision
-- depends on the doses before it. It replays the values that were measured, and models no effect of another dose.
-- `setting` holds direction, dose, cooldownSeconds, budgetHour, budgetDay, staleAfter and timezone; with `min`, `max` and
-- `hysteresis` that range replaces the targets.
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
