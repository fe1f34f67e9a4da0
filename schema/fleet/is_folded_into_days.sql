-- Whether days have every hour of this time, so that its partition may go.
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
