-- Great-circle distance, with the formula and radius of the Worker's own haversine. Postgres inlines one
-- expression in SQL syntax, so no row costs a call. The formula uses atan2, because asin(least(1, null)) would
-- be half the way around the world.
create or replace function space.haversine_km(
  lat1 double precision, lng1 double precision, lat2 double precision, lng2 double precision
) returns double precision
language sql immutable parallel safe
return 2 * 6371.0088 * atan2(
  sqrt(sin(radians(lat2 - lat1) / 2) ^ 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(radians(lng2 - lng1) / 2) ^ 2),
  sqrt(abs(1 - (sin(radians(lat2 - lat1) / 2) ^ 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(radians(lng2 - lng1) / 2) ^ 2)))
);
