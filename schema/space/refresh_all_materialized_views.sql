-- Refreshes every materialized view of this row.
create or replace function space.refresh_all_materialized_views()
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language sql
set search_path = ''
as $$
  select * from space.refresh_iss_materialized_views()
  union all
  select * from space.refresh_osdr_materialized_views()
  union all
  select * from space.refresh_activity_materialized_views()
$$;
