create or replace function core.take_lock_of(lock_id integer, thing integer) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not pg_catalog.pg_try_advisory_xact_lock(lock_id, thing) then
    raise exception using errcode = 'LS010', message = 'somebody else holds this lock';
  end if;
end
$$;
