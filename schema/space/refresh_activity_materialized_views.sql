-- Refreshes the view of recent activity.
create or replace function space.refresh_activity_materialized_views()
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language sql
set search_path = ''
as $$
  select refreshed.*
  from unnest(array['space.mv_recent_activity']) with ordinality named (view, place)
  cross join lateral core.refresh_view(
    named.view, case named.view when 'space.mv_osdr_stats' then interval '1 day' end
  ) refreshed
  order by named.place
$$;
