-- The decision about one regulator at one moment, as functions/fleet/decide.ts specifies it. The first rule that fits
-- decides. Postgres puts the body into the statement of the cycle, so 50 000 decisions are no 50 000 calls.
create or replace function fleet.decide(
  at timestamptz,
  enabled boolean,
  mode text,
  mode_until timestamptz,
  direction text,
  low double precision,
  high double precision,
  hysteresis double precision,
  value double precision,
  fresh_at timestamptz,
  stale_after integer,
  quality text,
  was text,
  waits boolean,
  actuator text,
  opposed_until timestamptz,
  dosed_at timestamptz,
  cooldown_seconds integer,
  dose numeric,
  budget_left numeric
) returns text
language sql stable
return case
  when not enabled then 'disabled'
  when mode <> 'auto' and (mode_until is null or mode_until > at) then mode
  when actuator = 'maintenance' then 'maintenance'
  when low is null then 'no_target'
  when value is null then 'no_value'
  when fresh_at + make_interval(secs => stale_after) < at then 'stale'
  when quality <> 'good' then 'suspect'
  when not fleet.is_acting(direction, value, low, high, hysteresis, was) then 'in_range'
  when waits then 'unacknowledged'
  when actuator = 'none' then 'no_actuator'
  when opposed_until > at then 'opposed'
  when dosed_at + make_interval(secs => cooldown_seconds) > at then 'cooldown'
  when dose > budget_left then 'budget_exhausted'
  else 'dosed'
end;
