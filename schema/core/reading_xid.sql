-- Where a row stands in the order of its feed. Its own transaction id alone would be gap-free but not causal: an id
-- is taken before the wait for a lock, so what follows could stand before what it follows. The latest transaction
-- finished when the row is written is never before its own cause, and a position is still at least the own id, so
-- "below pg_snapshot_xmin" still means committed and visible. Volatile: its snapshot is newer than the wait.
create or replace function core.reading_xid() returns xid8
language plpgsql volatile
set search_path = ''
as $$
begin
  return greatest(
    pg_current_xact_id(),
    (pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1)::text::xid8
  );
end
$$
