-- Counts the positions of the ISS in cells of five degrees.
-- The date line is one meridian. The log never holds 180°, so the buckets run from -180 to 175.
create materialized view space.mv_iss_coverage_map as
select
  (floor(latitude / 5) * 5)::integer as lat_bucket,
  (floor(longitude / 5) * 5)::integer as lon_bucket,
  count(*)::integer as observation_count,
  avg(altitude_km) as avg_altitude
from space.iss_fetch_log
where norad_id = 25544
group by 1, 2;
