-- Returns the position of a new row in its feed: the later of the own transaction id and the last id that has
-- completed. The own id alone has no gaps, but it is not causal.
-- Race: Postgres assigns the own id before a wait for a lock, so an effect could stand before its cause. The
-- function is volatile: its snapshot is newer than the wait, and the cause has completed in it.
-- A position is at least the own id, so a position below pg_snapshot_xmin is committed and visible.
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
$$;
