-- Whether the clock on the wall has shown this time on this day. On the short day 02:30 passes at 03:00. On the long day
-- it passes the first time, and stays passed when the clock goes back: then the time passed by the offset of the day
-- before.
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
