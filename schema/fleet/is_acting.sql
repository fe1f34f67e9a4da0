-- Outside its range a value is acted on until it is inside by the hysteresis. So a value at the limit starts nothing twice.
create or replace function fleet.is_acting(
  direction text, value double precision, low double precision, high double precision, hysteresis double precision,
  was text
) returns boolean
language sql immutable
return coalesce(
  case direction
    when 'raise' then value < low or value < low + hysteresis and fleet.was_acting(was)
    else value > high or value > high - hysteresis and fleet.was_acting(was)
  end,
  false
);
