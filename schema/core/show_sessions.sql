-- The sessions of clients and of this server's workers, of all roles. It returns no text of a statement, because that may
-- hold a password or another role's data.
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
