-- The straight line between two points on the sphere grows with the great circle between them, so the nearest
-- by chord is the nearest on the ground. A body in SQL syntax is bound when created: no search_path matters.
create or replace function dispatch.on_sphere(lat double precision, lng double precision)
returns public.cube
language sql immutable strict parallel safe
return public.cube(array[
  cos(radians(lat)) * cos(radians(lng)),
  cos(radians(lat)) * sin(radians(lng)),
  sin(radians(lat))
])
