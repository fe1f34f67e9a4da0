-- Creates the log's partition of a month, if there is none. The function creates a table and attaches it. That
-- needs no exclusive lock on the log, so neither its readers nor its writer wait. Definer: the Worker owns
-- nothing.
-- Race: two calls for one month. The second call waits for the advisory lock, then reads pg_class, which shows
-- what the first one created.
create or replace function space.keep_log_month(at timestamptz) returns boolean
language plpgsql security definer
set search_path = ''
as $$
declare
  first_moment timestamptz := date_trunc('month', at, 'UTC');
  next_moment timestamptz := date_trunc('month', at at time zone 'UTC' + interval '1 month') at time zone 'UTC';
  name text := 'iss_fetch_log_' || to_char(first_moment at time zone 'UTC', 'YYYYMM');
begin
  if to_regclass('space.' || name) is not null then
    return false;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('space.' || name, 0));
  -- Asked of the table and not of the catalog cache, which does not see what was made while this waited.
  if exists (
    select from pg_catalog.pg_class c
    where c.relnamespace = 'space'::regnamespace
      and c.relname = name
  ) then
    return false;
  end if;
  execute format(
    'create table space.%I (like space.iss_fetch_log including all excluding identity)', name
  );
  execute format(
    'alter table space.iss_fetch_log attach partition space.%I for values from (%L) to (%L)',
    name, first_moment, next_moment
  );
  return true;
end
$$;
