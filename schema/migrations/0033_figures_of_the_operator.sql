create table core.relation_days (
  relation text not null,
  day date not null,
  bytes bigint not null,
  scans bigint,
  constraint relation_days_relation_day_pk primary key(relation,day)
);

create or replace function core.take_lock_of(lock_id integer, thing integer) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not pg_catalog.pg_try_advisory_xact_lock(lock_id, thing) then
    raise exception using errcode = 'LS010', message = 'somebody else holds this lock';
  end if;
end
$$;

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

create or replace function core.show_sessions()
returns table (
  pid integer,
  role text,
  database text,
  application text,
  kind text,
  state text,
  wait text,
  waits_for_lock boolean,
  transaction_at timestamptz,
  state_at timestamptz,
  xmin_age bigint,
  own boolean
)
language sql stable security definer
set search_path = ''
as $$
  select
    a.pid,
    a.usename::text,
    a.datname::text,
    a.application_name,
    a.backend_type,
    a.state,
    a.wait_event_type || ': ' || a.wait_event,
    coalesce(a.wait_event_type = 'Lock', false),
    a.xact_start,
    a.state_change,
    pg_catalog.age(a.backend_xmin)::bigint,
    coalesce(a.usename = session_user, false)
  from pg_catalog.pg_stat_activity a
  where a.pid <> pg_catalog.pg_backend_pid()
$$;
revoke execute on function core.show_sessions() from public;
grant execute on function core.show_sessions() to lockstep_app;

create or replace function core.show_identities()
returns table (relation text, left_share double precision)
language sql stable security definer
set search_path = ''
as $$
  select n.nspname || '.' || t.relname,
    min(1 - coalesce(pg_catalog.pg_sequence_last_value(s.seqrelid), 0)::float8 / s.seqmax)
  from pg_catalog.pg_sequence s
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::regclass and d.objid = s.seqrelid
    and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
  join pg_catalog.pg_class t on t.oid = d.refobjid
  join pg_catalog.pg_namespace n on n.oid = t.relnamespace
  group by 1
$$;
revoke execute on function core.show_identities() from public;
grant execute on function core.show_identities() to lockstep_app;

grant select, insert, delete on table core.relation_days to lockstep_app;
