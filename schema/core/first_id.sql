-- The smallest UUID that sorts at or before every UUIDv7 of this millisecond and later: its first 48 bits are the
-- milliseconds since 1970 (RFC 9562, section 5.7). A range of time is so a range of ids.
create or replace function core.first_id(at timestamptz) returns uuid
language sql immutable strict
set search_path = ''
as $$
  select rpad(lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;
