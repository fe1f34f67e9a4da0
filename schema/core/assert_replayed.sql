-- Raises LS020 on a replica that has not replayed the given transaction.
create or replace function core.assert_replayed(after xid8) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not pg_catalog.pg_visible_in_snapshot(after, pg_catalog.pg_current_snapshot()) then
    raise exception using errcode = 'LS020', message = 'this replica has not replayed that far';
  end if;
end
$$;
