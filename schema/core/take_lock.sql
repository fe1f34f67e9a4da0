-- Takes an advisory lock until the end of the transaction, or raises LS010. The exception ends the batch, so no
-- later statement runs. Postgres releases the lock with the transaction, also when the connection dies.
create or replace function core.take_lock(lock_id bigint) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not pg_catalog.pg_try_advisory_xact_lock(lock_id) then
    raise exception using errcode = 'LS010', message = 'somebody else holds this lock';
  end if;
end
$$;
