-- Takes a lease and returns its fence, or raises LS010.
-- Race: two workers take an expired lease. The row lock of the upsert lets the second worker see the expiry
-- that the first one wrote. A holder that is writing at this moment keeps its lease, even past the expiry.
create or replace function core.take_lease(lease_name text, holder text, time_to_live interval) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  taken bigint;
begin
  insert into core.leases as l (name, owner, fence, expires_at)
  values (lease_name, holder, 1, clock_timestamp() + time_to_live)
  on conflict (name) do update
  set owner = excluded.owner, fence = l.fence + 1, expires_at = excluded.expires_at
  where l.expires_at <= clock_timestamp()
  returning l.fence into taken;
  if taken is null then
    raise exception using errcode = 'LS010', message = 'somebody else holds this lease';
  end if;
  return taken;
exception
  when lock_not_available then
    raise exception using errcode = 'LS010', message = 'the holder of this lease is writing';
end
$$;
