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

alter table dispatch.order_events alter column xid set default core.reading_xid();
