-- Statistics of the ISS's positions by day.
-- An aggregate cannot hold a window function, so the steps come first. A step belongs to the day in which it
-- ends, so none is lost at midnight. A great circle bridges a long gap and is too short; the view shows how
-- long the gap was.
create materialized view space.mv_iss_stats_daily as
with steps as (
  select
    ts,
    altitude_km,
    latitude,
    longitude,
    lag(latitude) over in_time as latitude_before,
    lag(longitude) over in_time as longitude_before,
    lag(ts) over in_time as ts_before
  from space.iss_fetch_log
  where norad_id = 25544
  window in_time as (order by ts)
)
select
  (ts at time zone 'UTC')::date as day,
  count(*)::integer as total_positions,
  avg(altitude_km) as avg_altitude,
  coalesce(sum(space.haversine_km(latitude_before, longitude_before, latitude, longitude)), 0) as approx_distance_km,
  coalesce(max(extract(epoch from ts - ts_before)), 0)::integer as longest_gap_seconds,
  min(ts) as first_fetch,
  max(ts) as last_fetch
from steps
group by 1;
