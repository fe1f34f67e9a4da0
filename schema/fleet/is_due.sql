-- Whether the hours of a target contain this moment. Hours may go over midnight. The standard clock ignores summer time:
-- it has the lower offset of winter and summer.
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
