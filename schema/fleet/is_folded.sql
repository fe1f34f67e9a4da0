-- Whether hours and days have every minute of this time, so that its partitions may go. Partitions of samples go by the
-- same answer: a sample and its minute are written by one statement.
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
