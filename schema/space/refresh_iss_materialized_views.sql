-- Refreshes the views over the ISS's positions.
create or replace function space.refresh_iss_materialized_views()
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language sql
set search_path = ''
as $$
  select refreshed.*
  from unnest(array['space.mv_iss_stats_hourly', 'space.mv_iss_stats_daily', 'space.mv_iss_coverage_map']) with ordinality named (view, place)
  cross join lateral core.refresh_view(
    named.view, case named.view when 'space.mv_osdr_stats' then interval '1 day' end
  ) refreshed
  order by named.place
$$;
