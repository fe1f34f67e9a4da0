-- Returns a place as a point on the unit sphere. The chord between two points grows with their great-circle
-- distance. The nearest place by chord is therefore the nearest on the ground. Postgres binds a body in SQL
-- syntax when it creates the function, so no search_path matters.
create or replace function dispatch.on_sphere(lat double precision, lng double precision)
returns public.cube
language sql immutable strict parallel safe
return public.cube(array[
  cos(radians(lat)) * cos(radians(lng)),
  cos(radians(lat)) * sin(radians(lng)),
  sin(radians(lat))
]);
