-- Raises LS012 unless the caller still holds the lease.
-- Race: another worker took the lease over while the holder worked. The share lock makes a new taker wait until
-- this transaction ends. An older fence ends the transaction.
create or replace function core.assert_lease(lease_name text, lease_fence bigint) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from core.leases l where l.name = lease_name and l.fence = lease_fence for share;
  if not found then
    raise exception using errcode = 'LS012', message = 'the lease has another holder';
  end if;
end
$$;
