-- Formats an instant as the API shows it: UTC, ISO 8601, with microseconds.
create or replace function core.iso(t timestamptz) returns text
language sql stable parallel safe
return to_char(t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
