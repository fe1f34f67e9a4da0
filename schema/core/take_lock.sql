-- Leaves the batch by an exception, so that nothing after it runs. Released with the transaction, or its death.
create or replace function core.take_lock(lock_id bigint) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not pg_catalog.pg_try_advisory_xact_lock(lock_id) then
    raise exception using errcode = 'LS010', message = 'somebody else holds this lock';
  end if;
end
$$
