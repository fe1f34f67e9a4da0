-- Statistics of the ISS's positions by hour.
-- The mean of longitudes is a direction, not an arithmetic mean: the mean of 179° and -179° is 180°. The mean
-- is null where the directions cancel.
create materialized view space.mv_iss_stats_hourly as
with hours as (
  select
    date_trunc('hour', ts, 'UTC') as hour,
    count(*)::integer as position_count,
    count(*) filter (where computed)::integer as computed_count,
    avg(latitude) as avg_latitude,
    avg(sin(radians(longitude))) as east,
    avg(cos(radians(longitude))) as north,
    avg(altitude_km) as avg_altitude,
    min(altitude_km) as min_altitude,
    max(altitude_km) as max_altitude,
    stddev_samp(altitude_km) as altitude_stddev,
    avg(velocity_kmh) as avg_velocity
  from space.iss_fetch_log
  where norad_id = 25544
  group by 1
)
select
  hour,
  position_count,
  computed_count,
  avg_latitude,
  case when sqrt(east ^ 2 + north ^ 2) > 1e-6 then degrees(atan2(east, north)) end as avg_longitude,
  avg_altitude,
  min_altitude,
  max_altitude,
  altitude_stddev,
  avg_velocity
from hours;
