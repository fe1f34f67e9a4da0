-- Race: a holder that was taken over while it worked. The share lock on the lease row keeps a taker waiting until
-- this transaction ends, and an older fence ends the transaction.
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
$$
