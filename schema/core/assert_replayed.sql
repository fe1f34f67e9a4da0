-- Raises LS020 on a replica unless all that follows in this transaction shows the given one.
-- Race: a snapshot of a standby does not list what runs, so of what is not older than all of it only pg_xact_status says
-- whether it has ended. It may have ended just now, which later snapshots show, and one that was taken before does not.
create or replace function core.assert_replayed(after xid8) returns void
language plpgsql
set search_path = ''
as $$
declare
  seen pg_catalog.pg_snapshot := pg_catalog.pg_current_snapshot();
begin
  if after < pg_catalog.pg_snapshot_xmin(seen) then
    return;
  end if;
  if after >= pg_catalog.pg_snapshot_xmax(seen)
    or pg_catalog.pg_xact_status(after) = 'in progress'
    or pg_catalog.current_setting('transaction_isolation') <> 'read committed'
  then
    raise exception using errcode = 'LS020', message = 'this replica has not replayed that far';
  end if;
end
$$;
