create or replace function core.assert_fresh(after xid8, bound interval) returns void
language plpgsql
set search_path = ''
as $$
declare
  replayed_at timestamptz;
  behind boolean;
begin
  if after is not null then
    perform core.assert_replayed(after);
  end if;
  if not pg_catalog.pg_is_in_recovery() then
    return;
  end if;
  replayed_at := pg_catalog.pg_last_xact_replay_timestamp();
  behind := pg_catalog.pg_last_wal_receive_lsn() is distinct from pg_catalog.pg_last_wal_replay_lsn();
  if replayed_at is null
    or replayed_at < pg_catalog.clock_timestamp() - interval '150 seconds'
    or behind and replayed_at < pg_catalog.clock_timestamp() - bound
  then
    raise exception using errcode = 'LS021', message = 'this replica is older than its readers accept';
  end if;
end
$$;
