-- Refreshes the views over the catalogue. A count relative to today becomes stale without a write, so such a
-- view is refreshed after a day.
create or replace function space.refresh_osdr_materialized_views()
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language sql
set search_path = ''
as $$
  select refreshed.*
  from unnest(array['space.mv_osdr_stats', 'space.mv_osdr_by_year']) with ordinality named (view, place)
  cross join lateral core.refresh_view(
    named.view, case named.view when 'space.mv_osdr_stats' then interval '1 day' end
  ) refreshed
  order by named.place
$$;
