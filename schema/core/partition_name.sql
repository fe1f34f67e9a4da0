-- The name of a partition contains its first day in UTC: `visits_202611`, `telemetry_20261127`. Only the keeper makes
-- tables of such names.
create or replace function core.partition_name(registered core.partitioned, first_moment timestamptz) returns text
language sql stable
set search_path = ''
as $$
  select split_part(registered.relation, '.', 2) || '_' || to_char(
    first_moment at time zone 'UTC',
    case registered.every when 'day' then 'YYYYMMDD' else 'YYYYMM' end
  )
$$;
