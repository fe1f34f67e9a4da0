-- The value was outside its range at the decision before.
create or replace function fleet.was_acting(outcome text) returns boolean
language sql immutable
return outcome in ('unacknowledged', 'no_actuator', 'opposed', 'cooldown', 'budget_exhausted', 'dosed');
